"""The chart's own command -> the same with the pod's secret files, and an end that waits.

"mlflow server" takes passwords from the environment alone, ignores SIGTERM as process 1, and does
not wait for the gunicorn that it starts. Here a new secret counts from a pod's next start, whatever
the release says, and running requests are answered before the pod ends.
"""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

_SECRETS = Path("/run/secrets/mlflow")
_VARIABLES = {
    "PGPASSWORD": "database-password",
    "MLFLOW_FLASK_SERVER_SECRET_KEY": "flask-secret-key",
    "AZURE_STORAGE_CONNECTION_STRING": "storage-connection-string",
}


def main(command: list[str]) -> int:
    """Run the command until it ends or is told to; return its status, 0 where it was told."""
    server = subprocess.Popen(command, env=os.environ | _secrets(), start_new_session=True)
    signal.signal(signal.SIGTERM, lambda *_: _end(server.pid))
    code = server.wait()
    _end(server.pid)  # one that failed may have left gunicorn behind
    _reap()
    return 0 if code == -signal.SIGTERM else abs(code)


def _secrets() -> dict[str, str]:
    """Return the variables of every secret that this pod has."""
    files = {variable: _SECRETS / name for variable, name in _VARIABLES.items()}
    return {
        variable: file.read_text().rstrip("\r\n")
        for variable, file in files.items()
        if file.exists()
    }


def _end(group: int) -> None:
    """Tell all its processes to end; gunicorn first answers what it is being asked."""
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGTERM)


def _reap() -> None:
    """Return when nothing runs: process 1 is the parent of whatever lost its own."""
    with suppress(ChildProcessError):
        while True:
            os.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
