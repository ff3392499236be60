"""The table of users, as PostgreSQL in the cluster has it: MLflow 2.22 has no route to it."""

import json
from pathlib import Path

from generator.client import commands
from generator.client.settings import KUBECTL
from generator.client.users.api import Json

_SQL = (
    "SELECT coalesce(json_agg(json_build_object('id', id, 'username', username)"
    " ORDER BY username), '[]') FROM users"
)
COMMAND = (
    *KUBECTL,
    *("--request-timeout=30s", "exec", "statefulset/postgresql", "--container=postgresql", "--"),
    *("psql", "--username=postgres", "--dbname=mlflow_auth", "--no-psqlrc", "--no-align"),
    *("--tuples-only", f"--command={_SQL}"),
)


def rows(root: Path) -> list[Json]:
    """Return id and username of every user, by kubectl's context. Raises CannotRun."""
    said = commands.output(root, COMMAND)
    try:
        found: list[Json] = json.loads(said)
    except ValueError:
        raise commands.CannotRun("kubectl: psql prints no list of users") from None
    return found
