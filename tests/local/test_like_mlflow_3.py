"""`gen local --like dev` where dev has moved to MLflow 3: another program, the same pages."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from generator import programs
from generator.cli import gen as command
from tests.local import walks
from tests.local.desk import Desk
from tests.local.servers import Local, processes
from tests.local.walks import as_admin
from tests.trees import ROOT

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def like(tmp_path):
    """`gen local --like dev`, running, in a repository whose dev was set to MLflow 3."""
    repo = tmp_path / "like"
    for name in ("apps", "environments"):
        shutil.copytree(ROOT / name, repo / name)
    (repo / "tools").symlink_to(ROOT / "tools")
    (repo / "tmp").mkdir()
    newer = ["apps.mlflow.image.tag=3.16.0", "apps.mlflow.workers=2"]
    done = CliRunner().invoke(command, ["-C", str(repo), "set", "--env", "dev", *newer])
    assert done.exit_code == 0, done.output
    server = Local(repo, ("--like", "dev")).start()
    yield server
    assert server.end() == 0, server.output


def test_it_serves_what_the_pages_say(like, tmp_path):
    """In one test: processes of pytest-xdist would start a server each."""
    the_example_runs_and_no_secret_is_in_an_environment(like, tmp_path)
    desk = Desk(tmp_path / "desk", like, "mlflow-3")
    walks.client_page(desk)
    walks.users_page(desk, denies=False)
    roles_are_left_alone_and_a_removed_user_leaves_nothing(desk)


def the_example_runs_and_no_secret_is_in_an_environment(like, tmp_path):
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "MPLBACKEND": "Agg"}
    python = programs.find(ROOT, "mlflow-3", "python", say=print)
    said = subprocess.check_output(
        [python, ROOT / "examples/track.py"],
        env=environment | like.variables,
        stderr=subprocess.STDOUT,
        cwd=tmp_path,
        text=True,
    )
    assert "accuracy 0.97" in said

    running = processes(like.repo)
    assert len([command for command in running.values() if "multiprocessing.spawn" in command]) == 2
    password = (like.folder / "secrets/database-password").read_text()
    for number in running:
        assert password not in Path(f"/proc/{number}/environ").read_bytes().decode()


ROLES = "api/3.0/mlflow/roles"


def roles_are_left_alone_and_a_removed_user_leaves_nothing(desk):
    """A role that several users share gives grants that are not the user's own."""
    like = desk.server
    prompt = {"key": "mlflow.prompt.is_prompt", "value": "true"}
    as_admin(like, f"{walks.REST}/registered-models/create", name="greeting", tags=[prompt])
    role = as_admin(like, f"{ROLES}/create", name="modellers", workspace="default")["role"]["id"]
    every = {"resource_type": "registered_model", "resource_pattern": "*", "permission": "MANAGE"}
    as_admin(like, f"{ROLES}/permissions/add", role_id=role, **every)
    desk.run("gen users add --env dev carl", input="the password of carl")
    as_admin(like, f"{ROLES}/assign", role_id=role, username="carl")
    said = desk.run("gen users permit --env dev carl model greeting EDIT")
    assert said == "carl has EDIT for prompt greeting\n"

    rows = [line.split() for line in desk.run("gen users show --env dev carl").splitlines()[2:]]
    assert ["prompt", "greeting", "EDIT"] in rows
    assert ["model", "of", "any", "name", "MANAGE", "modellers"] in rows
    number = desk.sql("SELECT id FROM users WHERE username = 'carl'")
    own = f"SELECT count(*) FROM roles WHERE name = '__user_{number}__'"
    held = f"SELECT count(*) FROM user_role_assignments WHERE user_id = {number}"
    assert (desk.sql(own), desk.sql(held)) == ("1", "2")

    said = desk.run("gen users remove --env dev carl").splitlines()
    assert said[0] == "carl is removed, and cannot log in"
    assert (desk.sql(own), desk.sql(held)) == ("0", "0")
    desk.run("gen users add --env dev carl", input="the password of carl")
    assert desk.run("gen users show --env dev carl") == walks.DEFAULT
    assert desk.sql("SELECT count(*) FROM roles WHERE name = 'modellers'") == "1"
