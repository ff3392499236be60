"""Processes in a cluster's network that answer one question after another, as JSON."""

import json
from dataclasses import dataclass
from typing import Any

from tests.manifests.pods import Cluster, Process
from tests.manifests.serving import SECRETS, as_admin

_TALK = """
import json, sys, tempfile, traceback
for line in sys.stdin:
    try:
        said = answer(*json.loads(line))
    except Exception:
        said = {"failed": traceback.format_exc()}
    print("answer:" + json.dumps(said), flush=True)
"""

# One request as it is written, and nothing tried again: status, headers, body.
_ASK = """
import base64, http.client, os
login = os.environ["MLFLOW_TRACKING_USERNAME"] + ":" + os.environ["MLFLOW_TRACKING_PASSWORD"]
key = base64.b64encode(login.encode()).decode()
def answer(method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", 5000)
    headers = {"Authorization": "Basic " + key}
    if isinstance(body, dict):
        body, headers["Content-Type"] = json.dumps(body), "application/json"
    connection.request(method, path, body and body.encode(), headers)
    got = connection.getresponse()
    headers = {name.lower(): value for name, value in got.getheaders()}
    said = got.status, headers, got.read().decode()
    connection.close()
    return said
"""

# What a file is called and holds once MLflow's client has logged, listed and downloaded it.
_TRACK = """
import logging, os
from pathlib import Path
import mlflow
logging.getLogger("mlflow").setLevel(logging.ERROR)
client = mlflow.MlflowClient("http://127.0.0.1:5000")
mlflow.set_tracking_uri("http://127.0.0.1:5000")
def answer(run, name, text):
    with tempfile.TemporaryDirectory() as up, tempfile.TemporaryDirectory() as down:
        Path(up, name).write_text(text)
        client.log_artifact(run, str(Path(up, name)), "client")
        listed = [os.path.basename(file.path) for file in client.list_artifacts(run, "client")]
        got = Path(client.download_artifacts(run, "client/" + name, down))
        return listed, got.name, got.read_text()
"""

# The names of all blobs, or with an order, the container deleted or made again.
_STORE = """
import os
from azure.storage.blob import BlobServiceClient
service = BlobServiceClient.from_connection_string(os.environ["CONNECTION"])
def answer(container, order=None):
    if order:
        getattr(service, order)(container)
        return order
    return [blob.name for blob in service.get_container_client(container).list_blobs()]
"""


@dataclass
class Talk:
    """A process that answers."""

    process: Process

    def __call__(self, *question: Any) -> Any:
        """Return the answer to a question."""
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.startswith("answer:"):
                said = json.loads(line.removeprefix("answer:"))
                assert "failed" not in said, said["failed"]
                return said
        raise AssertionError("it ended without an answer")


def talk(cluster: Cluster, script: str, *, tool: str = "mlflow", **variables: str) -> Talk:
    """Start a script that says how to `answer` a question."""
    return Talk(cluster.python(script + _TALK, tool=tool, **variables))


def ask(cluster: Cluster) -> Talk:
    """Return who asks the server: (method, path, body) -> [status, headers, body]."""
    return talk(cluster, _ASK, **as_admin())


def track(cluster: Cluster, tool: str) -> Talk:
    """Return MLflow's client: (run, name, text) -> [names, name, text]."""
    return talk(cluster, _TRACK, tool=tool, MLFLOW_HTTP_REQUEST_MAX_RETRIES="0", **as_admin())


def store(cluster: Cluster) -> Talk:
    """Return the storage account's owner: (container) -> names; (container, order) -> order."""
    return talk(cluster, _STORE, CONNECTION=SECRETS["storage-connection-string"])
