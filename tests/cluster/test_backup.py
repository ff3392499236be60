"""docs/backup.md, step by step: a backup, both databases dropped, a restore, all of it back."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.delivery import NAMESPACE, Delivery
from tests.cluster.rig import flux
from tests.cluster.rig.client import condition, rolled_out
from tests.cluster.rig.programs import ROOT
from tests.cluster.rig.timeline import Timeline
from tests.cluster.tracking import Failed, Tracking

PAGE = (ROOT / "docs/backup.md").read_text()
API = "/api/2.0/mlflow"
DATABASES = ("mlflow", "mlflow_auth")


def commands(heading: str) -> list[str]:
    """The blocks of commands of a section, in the order of the page."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"(?:^ {4,}(?=kubectl| ).*\n)+", section, re.MULTILINE)


@pytest.fixture
def shell(dev: Delivery, tmp_path: Path) -> dict[str, str]:
    """An environment in which kubectl and gen are the cluster's and the copy's."""
    for name, words in {
        "kubectl": [*dev.cluster.kubectl, f"--namespace={NAMESPACE}"],
        "gen": [sys.executable, "-m", "generator"],
    }.items():
        program = tmp_path / name
        program.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
        program.chmod(0o755)
    return {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": "."}


def run(dev: Delivery, shell: dict[str, str], block: str) -> str:
    """Run a block as a person pastes it; every command of it must succeed."""
    done = subprocess.run(
        ["sh", "-ec", block],
        cwd=dev.repository.work,
        env=shell,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{block}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_both_databases_are_lost_and_come_back_from_the_backup(
    dev: Delivery, shell: dict[str, str], timeline: Timeline
) -> None:
    tracking = dev.tracking()
    experiment = tracking.experiment("backup")
    run_id = tracking.log_run(experiment, 4.0)
    tracking.ask("POST", f"{API}/registered-models/create", {"name": "taxi"})
    ann = {"username": "ann", "password": "ann's password"}
    tracking.ask("POST", f"{API}/users/create", ann)
    assert re.search(r"^ann +no +0$", listed(dev, shell, tracking), re.MULTILINE)
    (block,) = commands("Now")
    said = run(dev, shell, block)
    timeline.mark("backed up")
    assert re.search(r"^mlflow-\d{8}T\d{6}Z\.tar: \d+ bytes$", said, re.MULTILINE), said
    later = tracking.log_run(experiment, 5.0)

    stop, restore, start = commands("Restore")
    run(dev, shell, stop)
    timeline.mark("MLflow is stopped")
    drop(dev)
    root = dev.root["metadata"]["name"]
    flux.reconcile(dev.cluster.client, "Kustomization", root)
    said = run(dev, shell, restore)
    timeline.mark("restored")
    for name in DATABASES:
        assert f"the database {name} is what the backup holds" in said
    handled(dev, root)
    assert suspended(dev), "Flux's own root undoes it"
    run(dev, shell, start)
    dev.cluster.client.wait_for(
        "Deployment", "mlflow", rolled_out, namespace=NAMESPACE, seconds=120
    )
    timeline.mark("MLflow serves again")

    tracking = dev.tracking()
    assert tracking.logged(experiment, run_id) == (4.0, 4.0)
    as_ann = Tracking(dev.address, ann["username"], ann["password"])
    model = as_ann.ask("GET", f"{API}/registered-models/get?name=taxi")
    assert model["registered_model"]["name"] == "taxi"
    with pytest.raises(Failed, match="RESOURCE_DOES_NOT_EXIST"):
        tracking.logged(experiment, later)


def listed(dev: Delivery, shell: dict[str, str], tracking: Tracking) -> str:
    """The server's users: address and table of users by kubectl, as `gen users` asks it."""
    login = {"MLFLOW_TRACKING_PASSWORD": tracking.password, "no_proxy": "*"}
    return run(dev, shell | login, "gen users list --env dev")


def drop(dev: Delivery) -> None:
    """What no backup undoes by itself: both databases go, and empty ones are made."""
    ask = ["statefulset/postgresql", "--container=postgresql", "--", "psql", "--username=postgres"]
    for name in DATABASES:
        statements = (f"DROP DATABASE {name}", f"CREATE DATABASE {name} OWNER mlflow")
        dev.by_hand(
            "exec", f"--namespace={NAMESPACE}", *ask, *(f"--command={text}" for text in statements)
        )


def handled(dev: Delivery, name: str) -> None:
    """Wait until Flux has done what it was asked to do last."""
    dev.cluster.client.wait_for(
        "Kustomization",
        name,
        lambda found: (
            found["status"].get("lastHandledReconcileAt")
            == found["metadata"]["annotations"]["reconcile.fluxcd.io/requestedAt"]
            and condition(found).get("status") == "True"
        ),
        namespace=flux.NAMESPACE,
        seconds=120,
    )


def suspended(dev: Delivery) -> bool:
    found = dev.cluster.client.get("Kustomization", "mlflow-server", namespace=flux.NAMESPACE)
    return bool(found and found["spec"].get("suspend"))
