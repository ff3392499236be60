"""The prod environment's secrets, its storage account and its clients, for pods that run."""

import os
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from generator import programs
from generator.environment import edit
from generator.local import azurite
from tests.manifests import cases
from tests.manifests.pods import Cluster
from tests.trees import ROOT

PROD = cases.case("prod")
_ARTIFACTS = PROD.environment.apps.mlflow.artifacts
_KEY = "a2V5"
SECRETS = {
    "database-password": 'it\'s "100%" a \\ $HOME password',
    "admin-password": "%d of 'twelve' or \"more\" $(id)",
    "flask-secret-key": "k" * 64,
    "storage-connection-string": azurite.connection_string(_ARTIFACTS.account, _KEY, 10000),
}


@cache
def prod(
    tag: str, name: str = PROD.environment.apps.mlflow.image.name, **more: bool
) -> cases.Built:
    """The prod environment with another version of its image, or another image."""
    image = {"name": name, "tag": tag, **more}
    changes = {("apps", "mlflow", "image", key): value for key, value in image.items()}
    return cases.build(edit.assign(cases.FILES["prod"].read_text(), changes), "prod")


def storage(cluster: Cluster, folder: Path) -> None:
    """Start the environment's storage account with its container, in the cluster's network."""
    program = programs.find(ROOT, "azurite", "azurite-blob", say=print)
    options = ["--skipApiVersionCheck", "--silent", "--disableTelemetry"]
    started = cluster.start(
        [program, "--location", folder, *options],
        env={**os.environ, "AZURITE_ACCOUNTS": f"{_ARTIFACTS.account}:{_KEY}"},
        stdout=subprocess.PIPE,
    )
    # On a busy machine it takes longer to start than Azure's client waits.
    assert any("successfully listens" in line for line in iter(started.stdout.readline, ""))
    connection = SECRETS["storage-connection-string"]
    cluster.answer(azurite.MAKE_CONTAINER, CONNECTION=connection, CONTAINER=_ARTIFACTS.container)


def as_admin(password: str = SECRETS["admin-password"]) -> Mapping[str, str]:
    """What a client sets. It has no credential of Azure's."""
    admin = PROD.environment.apps.mlflow.auth.admin
    return {"MLFLOW_TRACKING_USERNAME": admin, "MLFLOW_TRACKING_PASSWORD": password}


LOG = """
import mlflow
mlflow.set_tracking_uri("http://127.0.0.1:5000")
with mlflow.start_run() as run:
    mlflow.log_param("depth", 3)
    mlflow.log_metric("score", 0.9)
    mlflow.log_text("a plot", "plot.txt")
print(run.info.run_id)
"""

# Prints what the runs hold that are named; of several that hold the same, once.
READ = """
import sys, mlflow
mlflow.set_tracking_uri("http://127.0.0.1:5000")
def held(run):
    text = mlflow.artifacts.load_text(f"{run.info.artifact_uri}/plot.txt")
    return run.data.params["depth"], run.data.metrics["score"], text
print(*{" ".join(map(str, held(mlflow.get_run(run)))) for run in sys.argv[1:]}, sep="; ")
"""
