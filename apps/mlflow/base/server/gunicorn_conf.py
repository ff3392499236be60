"""The pod's settings and secret files -> gunicorn's settings and what MLflow reads from os.environ.

Gunicorn runs this file in its first process and forks the workers from it. What is set here is in
no manifest and not in /proc/PID/environ, which shows what a process was started with.
"""

import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

_SECRETS = Path("/run/secrets/mlflow")


def _secret(name: str) -> str:
    """Return what the secret's file holds. A blank one would fail later, and less clearly."""
    try:
        value = (_SECRETS / name).read_text().rstrip("\r\n")
    except FileNotFoundError:
        value = ""
    return value or sys.exit(f"the secret {name} is missing or empty")


# What "mlflow server" would set: MLflow's own, private names.
os.environ["_MLFLOW_SERVER_FILE_STORE"] = "postgresql+psycopg2:///mlflow"  # the rest: PGHOST, ...
os.environ["_MLFLOW_SERVER_ARTIFACT_ROOT"] = "mlflow-artifacts:/"
os.environ["_MLFLOW_SERVER_ARTIFACT_DESTINATION"] = os.environ["ARTIFACTS_DESTINATION"]
os.environ["_MLFLOW_SERVER_SERVE_ARTIFACTS"] = "true"

os.environ["PGPASSWORD"] = _secret("database-password")
os.environ["MLFLOW_FLASK_SERVER_SECRET_KEY"] = _secret("flask-secret-key")
if os.environ["ARTIFACTS_ACCESS"] == "account-key":
    os.environ["AZURE_STORAGE_CONNECTION_STRING"] = _secret("storage-connection-string")

bind = "0.0.0.0:5000"  # the pod's own network
pythonpath = "/etc/mlflow"  # for authenticate.py
workers = int(os.environ["WORKERS"])

# A slow upload holds a thread, not a worker, and counts as alive however long it takes.
worker_class = "gthread"
threads = 8  # generator/environment/rules.py counts on it: a thread may hold two connections
timeout = 300  # seconds in which a worker must show that its main loop runs
graceful_timeout = 270  # seconds that running requests get when the pod ends

worker_tmp_dir = "/dev/shm"  # noqa: S108 - the workers' heartbeat must not wait for a disk


def post_worker_init(_: object) -> None:
    """Have MLflow send files by pieces: it sends them by lines, and a model may be one long line.

    A worker would hold such a file in memory, whole and twice. 3.x sends pieces itself.
    """
    from mlflow.server import handlers

    handlers.open = _open


def _open(file: str, mode: str) -> IO[Any]:
    return _Pieces(file) if mode == "rb" else open(file, mode)  # noqa: PTH123 - as MLflow


class _Pieces(io.FileIO):
    """A file that is read by pieces where others are read by lines."""

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self.read(1 << 20), b"")
