"""An address, a user and a password -> what is wrong, in a word and a sentence, or nothing."""

import os
from collections.abc import Mapping

from generator.client.asking import PATIENCE, Failed, Server
from generator.client.findings import Finding

_SEARCH = "/api/2.0/mlflow/experiments/search?max_results=1"


def check(
    url: str,
    user: str,
    password: str,
    *,
    patience: float = PATIENCE,
    environ: Mapping[str, str] = os.environ,
) -> Finding | None:
    """Ask for health, and when it is good as `user`; return what is wrong first."""
    try:
        server = Server(url, patience=patience, environ=environ)
        server.expect_health()
        server.object(server.ask(_SEARCH, (user, password)))
    except Failed as failed:
        return failed.finding
    return server.expiring
