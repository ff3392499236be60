"""Grants that MLflow's migration drops -> whether the databases may be migrated.

3.16 knows no NO_PERMISSIONS for a thing. Its migration drops such grants, and default_permission
decides: who was shut out reads. So that is told, or refused, before anything is written.
"""

import os
import sys
from collections.abc import Iterable, Iterator

import pod_settings
import sqlalchemy
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

_ROLES = "e5f6a7b8c9d0"  # MLflow's step that turns grants into roles
_MOST = 20  # that are named
_LONGEST = 100  # characters of a name

Denial = tuple[str, str, str]
"""A user, "experiment" or "model", and the experiment's id or the model's name."""

# The step keeps these permissions, and drops whatever else stands in the column.
_DROPPED = """
SELECT username, kind, thing FROM users JOIN (
  SELECT user_id, 'experiment' AS kind, experiment_id AS thing, permission
  FROM experiment_permissions
  UNION ALL
  SELECT user_id, 'model', name, permission FROM registered_model_permissions
) AS grants ON users.id = user_id
WHERE coalesce(permission, '') NOT IN ('READ', 'USE', 'EDIT', 'MANAGE')
ORDER BY username, kind, thing
"""


def check() -> None:
    """End where a migration would give people what a grant took from them, unless it is wanted."""
    default = os.environ["DEFAULT_PERMISSION"]
    if default == "NO_PERMISSIONS":  # nothing is given
        return
    with sqlalchemy.create_engine(pod_settings.AUTH).connect() as users:
        found = list(_dropped(users)) if _is_ahead(users) else []
    if not found:
        return
    lost = f"NO_PERMISSIONS grants, and default_permission {default} lets in again: {_said(found)}"
    if os.environ.get("MIGRATE_WITHOUT_DENIALS") == "true":
        print(f"as migrate_without_denials says, the migration drops {lost}", flush=True)
    else:
        sys.exit(f"not migrated, for MLflow 3 drops {lost}. {_CURE}")


_CURE = (
    "See docs/upgrade.md: set apps.mlflow.auth.default_permission: NO_PERMISSIONS and grant what "
    "people need, or take these grants away, or let these people in with "
    "apps.mlflow.image.migrate_without_denials: true"
)


def _is_ahead(users: Connection) -> bool:
    """Whether this MLflow has the step, and the database has not."""
    from mlflow.server.auth.db import utils

    steps = ScriptDirectory.from_config(utils._get_alembic_config(pod_settings.AUTH))
    if _ROLES not in {step.revision for step in steps.walk_revisions()}:
        return False
    # 2.x has the revision in another table, and has never had a second one.
    told = MigrationContext.configure(users, opts={"version_table": "alembic_version_auth"})
    current = told.get_current_revision() or "base"
    return _ROLES not in {step.revision for step in steps.iterate_revisions(current, "base")}


def _dropped(users: Connection) -> Iterator[Denial]:
    if sqlalchemy.inspect(users).has_table("experiment_permissions"):
        yield from map(tuple, users.execute(sqlalchemy.text(_DROPPED)))


def _said(denials: list[Denial]) -> str:
    """Name users and things, and no more of them than one reads."""
    first = denials[:_MOST]
    names = _names(thing for _, kind, thing in first if kind == "experiment")
    said = [f"{_quoted(user)} to {_thing(kind, thing, names)}" for user, kind, thing in first]
    more = len(denials) - len(first)
    return ", ".join(said) + (f" and {more} more" if more else "")


def _thing(kind: str, thing: str, names: dict[str, str]) -> str:
    if kind == "model":
        return f"model {_quoted(thing)}"
    named = _quoted(names[thing]) if thing in names else "that is gone"
    return f"experiment {thing[:_LONGEST]} {named}"


def _quoted(text: str) -> str:
    """Whatever people called it, it is one line, and short."""
    return repr(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}...")


def _names(ids: Iterable[str]) -> dict[str, str]:
    """Return the experiments' names by their ids."""
    wanted = sqlalchemy.bindparam("ids", list(ids), expanding=True)
    asked = "SELECT CAST(experiment_id AS text), name FROM experiments"
    asked += " WHERE CAST(experiment_id AS text) IN :ids"
    with sqlalchemy.create_engine(pod_settings.TRACKING).connect() as runs:
        if not sqlalchemy.inspect(runs).has_table("experiments"):
            return {}
        found = runs.execute(sqlalchemy.text(asked).bindparams(wanted))
        return dict(map(tuple, found))
