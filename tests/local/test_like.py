"""`gen local --like dev`: the built manifests as processes, used as data scientists use them."""

import json
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import yaml

from generator import environment, programs
from generator.environment import Environment
from generator.secrets import table
from tests.local import walks
from tests.local.desk import Desk
from tests.local.servers import processes
from tests.local.walks import REST, as_admin, ask
from tests.trees import ROOT

# One server for all of these, so in one process of pytest.
pytestmark = pytest.mark.timeout(600)

DEV: Environment = environment.load(ROOT, ["dev"])[0]
# Past any proxy of this machine.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def blobs(like) -> set[str]:
    """The names in the blob container, as Azurite's own ledger has them."""
    ledger = json.loads((like.folder / "azurite/__azurite_db_blob__.json").read_text())
    tables = {entry["name"]: entry["data"] for entry in ledger["collections"]}
    assert {entry["name"] for entry in tables["$CONTAINERS_COLLECTION$"]} == {"artifactroot"}
    return {entry["name"] for entry in tables["$BLOBS_COLLECTION$"]}


def test_the_example_runs_and_its_artifacts_are_in_the_container_alone(like, as_client, tmp_path):
    said = as_client(ROOT / "examples/track.py")
    run = re.search(r"run (\w{32}), example-iris version \d+\n", said)[1]
    assert "accuracy 0.97" in said

    known = as_admin(like, f"{REST}/runs/get?run_id={run}")["run"]
    assert known["data"]["params"] == [{"key": "max_iter", "value": "200"}]
    assert known["data"]["metrics"][0]["step"] == 110
    history = f"{REST}/metrics/get-history?run_id={run}&metric_key=accuracy"
    assert len(as_admin(like, history)["metrics"]) == 5

    uris = {"petals.png", "data/about.txt", "model/MLmodel", "model/model.pkl"}

    def stored() -> bool:  # Azurite writes its ledger every few seconds
        names = blobs(like)
        return all(any(f"{run}/artifacts/{uri}" in name for name in names) for uri in uris)

    wait_for(stored)
    elsewhere = [path for path in like.repo.rglob("*") if path.name in {"petals.png", "model.pkl"}]
    assert elsewhere == []


def wait_for(condition) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_the_notebook_is_the_example(as_client):
    notebook = json.loads((ROOT / "examples/track.ipynb").read_text())
    cells = ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code"]
    assert all(not cell.get("outputs") for cell in notebook["cells"])
    asking, *example = cells
    script = (ROOT / "examples/track.py").read_text().split('"""', 2)[2]
    assert "\n".join(example).split() == script.split()
    name = "MLFLOW_TRACKING_USERNAME"
    said = as_client(
        "-c",
        f'import os; del os.environ["{name}"]\n{asking}\nprint(os.environ["{name}"])',
        input="alice\n",
    )
    assert said == f"{name}: alice\n"


@pytest.mark.parametrize(
    ("user", "password"), [("", ""), ("admin", "not the password"), ("nobody", "at all, sorry")]
)
def test_nobody_without_the_right_password(like, user, password):
    status, _ = ask(like, f"{REST}/experiments/search?max_results=1", user, password)
    assert status == 401


@pytest.mark.parametrize("header", ["Bearer token", "Basic", "Basic !", "Basic YWxpY2U="])
def test_nobody_without_a_user_and_a_password(like, header):
    request = urllib.request.Request(f"{like.url}/{REST}/experiments/search?max_results=1")
    request.add_header("Authorization", header)
    with pytest.raises(urllib.error.HTTPError) as raised, _OPENER.open(request):
        pass
    raised.value.close()
    assert raised.value.code == 401


def test_check_says_healthy_or_401(like, gen, repo, monkeypatch):
    (repo / "environments/dev.yaml").write_text((ROOT / "environments/dev.yaml").read_text())
    for name, value in like.variables.items():
        monkeypatch.setenv(name, value)
    said = gen("client", "--env", "dev", "--check").output
    assert said == f"{like.url} is healthy, and admin may log in\n"

    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "not the password")
    said = gen("client", "--env", "dev", "--check", exit_code=1).output
    assert said == "environments/dev.yaml: 401: the user or the password is wrong\n"


@pytest.fixture(scope="module")
def desk(like, tmp_path_factory):
    return Desk(tmp_path_factory.mktemp("desk"), like, "mlflow")


def test_clients_as_their_page_says(desk):
    walks.client_page(desk)


def test_users_as_their_page_says(desk):
    walks.users_page(desk, denies=True)


@pytest.mark.parametrize(
    "found", [{"id": 1, "username": "a stranger"}, {"id": 4711, "username": "admin"}]
)
def test_a_list_of_another_cluster_is_an_error(desk, tmp_path, found):
    """kubectl's context is another cluster's: its users are not these."""
    kubectl = tmp_path / "kubectl"
    kubectl.write_text(f"#!/bin/sh\necho '{json.dumps([found])}'\n")
    kubectl.chmod(0o755)
    said = desk.run(
        f'PATH="{tmp_path}:$PATH" gen users list --env dev',
        exit_code=1,
        MLFLOW_TRACKING_URI=desk.server.url,
    )
    why = f"kubectl reaches the users of another server than {desk.server.url}"
    assert said.endswith(f"environments/dev.yaml: {why}; kubectl config use-context\n")


def test_a_reader_cannot_delete(like, desk):
    """What is denied to one user is not denied to the administrator."""
    experiment = as_admin(like, f"{REST}/experiments/create", name="kept")["experiment_id"]
    desk.run("gen users add --env dev reader", input="password of reader\n")
    desk.run("gen users permit --env dev reader experiment kept READ")
    reader = ("reader", "password of reader")
    assert ask(like, f"{REST}/experiments/get?experiment_id={experiment}", *reader)[0] == 200
    assert ask(like, f"{REST}/experiments/delete", *reader, experiment_id=experiment)[0] == 403
    as_admin(like, f"{REST}/experiments/delete", experiment_id=experiment)


def test_the_processes_are_those_of_the_built_manifests(like):
    """Word for word, but for the folder that stands for the container's root."""
    kustomize = programs.find(ROOT, "kustomize", say=print)
    running = processes(like.repo)
    (pod,) = {
        found
        for command in running.values()
        for found in re.findall(r"=(\S*/mlflow-\w{8}/mlflow)/", command)
    }
    commands = [command.replace(pod, "").split() for command in running.values()]
    folder = ROOT / "apps/mlflow/overlays/dev/server"
    build = [kustomize, "build", "--load-restrictor=LoadRestrictionsNone", folder]
    built = subprocess.check_output(build, text=True)
    (deployment,) = (o for o in yaml.safe_load_all(built) if o["kind"] == "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    words = container["command"]
    servers = [c for c in commands if c[-len(words) + 1 :] == words[1:]]
    assert len(servers) == 1 + DEV.apps.mlflow.workers


def test_no_secret_is_in_a_command_or_an_environment(like):
    """Azurite alone takes its key from the environment; it is on this machine only."""
    secrets = {
        secret.name: (like.folder / f"secrets/{secret.name}").read_text()
        for secret in table.needed(DEV)
        if secret.generated
    }
    running = processes(like.repo)
    assert len(running) > 5
    for number, command in running.items():
        variables = Path(f"/proc/{number}/environ").read_bytes().decode()
        leaked = [name for name, value in secrets.items() if value in command + variables]
        assert leaked == [], command
    assert not [name for name, value in secrets.items() if value in like.output]


def test_after_a_kill_nothing_is_left_and_the_data_is_there_again(like):
    """Also: new passwords count from the next start on, whatever is in them."""
    as_admin(like, f"{REST}/experiments/create", name="outlives")
    before = like.variables["MLFLOW_TRACKING_PASSWORD"]

    like.end(signal.SIGKILL)
    assert list((like.repo / "tmp").iterdir()) == []
    hostile = "100%s ${HOME} $(id) `id` \\n 'one' \"two\"; # : %% @/?&"
    (like.folder / "secrets/admin-password").write_text((hostile * 5)[:200])
    (like.folder / "secrets/database-password").write_text((f"é{hostile}" * 5)[:200])
    like.start()

    found = as_admin(like, f"{REST}/experiments/get-by-name?experiment_name=outlives")
    assert found["experiment"]["lifecycle_stage"] == "active"
    status, _ = ask(like, f"{REST}/experiments/search?max_results=1", "admin", before)
    assert status == 401
