"""The pod's variables and secret files -> what MLflow reads from os.environ.

What is set here is in no manifest and not in /proc/PID/environ, which shows what a process was
started with.
"""

import os
import sys
from pathlib import Path

_SECRETS = Path("/run/secrets/mlflow")

TRACKING = "postgresql+psycopg2:///mlflow"  # the rest comes from PGHOST, PGUSER and PGPASSWORD
AUTH = "postgresql+psycopg2:///mlflow_auth"
ARTIFACT_ROOT = "mlflow-artifacts:/"  # the server's own address of the blob container


def secret(name: str) -> str:
    """Return what the secret's file holds. A blank one would fail later, and less clearly."""
    try:
        value = (_SECRETS / name).read_text().rstrip("\r\n")
    except FileNotFoundError:
        value = ""
    return value or sys.exit(f"the secret {name} is missing or empty")


def apply() -> None:
    """Set what "mlflow server" would set, under MLflow's own, private names, and the secrets."""
    os.environ["_MLFLOW_SERVER_FILE_STORE"] = TRACKING
    os.environ["_MLFLOW_SERVER_ARTIFACT_ROOT"] = ARTIFACT_ROOT
    os.environ["_MLFLOW_SERVER_ARTIFACT_DESTINATION"] = os.environ["ARTIFACTS_DESTINATION"]
    os.environ["_MLFLOW_SERVER_SERVE_ARTIFACTS"] = "true"

    os.environ["PGPASSWORD"] = secret("database-password")
    os.environ["MLFLOW_FLASK_SERVER_SECRET_KEY"] = secret("flask-secret-key")
    if os.environ["ARTIFACTS_ACCESS"] == "account-key":
        os.environ["AZURE_STORAGE_CONNECTION_STRING"] = secret("storage-connection-string")
