"""`gen local --like dev` where dev has moved to MLflow 3: another program, the same example."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from generator import programs
from tests.local.servers import Local, processes
from tests.trees import ROOT

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def like(tmp_path, gen, repo):
    """`gen local --like dev`, running, in a repository whose dev was set to MLflow 3."""
    for name in ("apps", "environments"):
        shutil.copytree(ROOT / name, repo / name, dirs_exist_ok=True)
    (repo / "tools").symlink_to(ROOT / "tools")
    (repo / "tmp").mkdir()
    gen("set", "--env", "dev", "apps.mlflow.image.tag=3.16.0", "apps.mlflow.workers=2")
    server = Local(repo, ("--like", "dev")).start()
    yield server
    assert server.end() == 0, server.output


def test_the_example_runs_and_no_secret_is_in_an_environment(like, gen, monkeypatch, tmp_path):
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

    for name, value in like.variables.items():
        monkeypatch.setenv(name, value)
    said = gen("client", "--env", "dev", "--check").output
    assert said == f"{like.url} is healthy, and admin may log in\n"

    running = processes(like.repo)
    assert len([command for command in running.values() if "multiprocessing.spawn" in command]) == 2
    password = (like.folder / "secrets/database-password").read_text()
    for number in running:
        assert password not in Path(f"/proc/{number}/environ").read_bytes().decode()
