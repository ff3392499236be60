"""A server that runs, and what is asked of it and of its storage account."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from generator.validate.objects import Object
from tests.manifests import serving, talks
from tests.manifests.pods import Cluster, Running
from tests.manifests.serving import PROD, SECRETS

CONTAINER = PROD.environment.apps.mlflow.artifacts.container
PROXIES = [f"/{kind}/2.0/mlflow-artifacts/artifacts" for kind in ("api", "ajax-api")]
PROXY = PROXIES[0]
REST = "/api/2.0/mlflow"


@dataclass
class Served:
    """A server of one version that runs, who asks it, and what its storage account holds."""

    cluster: Cluster
    running: Running
    tool: str
    ask: talks.Talk
    store: talks.Talk

    def status(self, method, path, body=None):
        return self.ask(method, path, body)[0]

    def post(self, path, **fields):
        """Return what MLflow's own API answers."""
        status, _, body = self.ask("POST", f"{REST}/{path}", fields)
        assert status == 200, body
        return json.loads(body)

    def run(self, *files):
        """Make a run with files in it; return its id and where its artifacts are."""
        info = self.post("runs/create", experiment_id="0")["run"]["info"]
        for file in files:
            assert self.status("PUT", f"{PROXY}/0/{info['run_id']}/artifacts/{file}", "text") == 200
        return info["run_id"], f"0/{info['run_id']}/artifacts"

    def memory(self):
        """Return the bytes that the largest process of the server ever had in memory."""
        statuses = [Path(f"/proc/{one}/status").read_text() for one in self.running.family()]
        return max(int(text.partition("VmHWM:")[2].split()[0]) << 10 for text in statuses)

    def blobs(self, folder=""):
        """Return the names of all blobs in a folder, without the folder's own."""
        names = self.store(CONTAINER)
        return [name.removeprefix(folder) for name in names if name.startswith(folder)]


def started(objects: Iterable[Object], folder: Path, tool: str) -> Iterator[Served]:
    """Start the objects' server, with the MLflow of tools/`tool`. Nothing is asked of it yet."""
    with Cluster(folder, objects, SECRETS).network() as cluster:
        serving.storage(cluster, folder / "azurite")
        cluster.postgresql().start()
        running = cluster.mlflow().start()
        yield Served(cluster, running, tool, talks.ask(cluster), talks.store(cluster))
