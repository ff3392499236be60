"""A folder -> an MLflow server with SQLite and a folder of artifacts, and no passwords."""

import os
from pathlib import Path

from generator import programs
from generator.local import ports
from generator.local.data import Data
from generator.local.processes import Processes
from generator.local.server import Server

NAME = "sqlite"
"""The name of its data folder."""

_WORKERS = 2
# As in the manifests: a large artifact must not block the others, nor end its worker.
_GUNICORN = "--worker-class=gthread --threads=8 --timeout=300"


def start(processes: Processes, root: Path, data: Data, port: int, say: programs.Say) -> Server:
    """Start the server; return when it answers."""
    program = programs.find(root, "mlflow", say=say)
    processes.start(
        "mlflow",
        [
            program,
            "server",
            f"--host={ports.HOST}",
            f"--port={port}",
            f"--workers={_WORKERS}",
            f"--gunicorn-opts={_GUNICORN}",
            "--backend-store-uri=sqlite:///mlflow.db",
            "--serve-artifacts",
            "--artifacts-destination=artifacts",
        ],
        {**os.environ, "PATH": f"{program.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"},
        cwd=data.folder,
    )
    return Server(processes, port, data.folder).wait()
