"""Empty or older databases -> what this MLflow serves, and an administrator who can log in.

Runs before the server in every pod, so it may run at any time, repeatedly, and in two pods at once.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import denials
import pod_settings
import sqlalchemy
from sqlalchemy.exc import OperationalError

_PATIENCE = 300  # seconds, for PostgreSQL's start and for another pod's migration
_LOCK = 20251201  # any number, as long as it stays


def main() -> None:
    """Bring both databases up to date and give the administrator the password of the secret."""
    os.environ["PGPASSWORD"] = pod_settings.secret("database-password")
    password = pod_settings.secret("admin-password")
    _write_auth_config(Path(os.environ["MLFLOW_AUTH_CONFIG_PATH"]), password)
    _wait()
    with _locked():
        denials.check()
        _migrate()
        _set_administrator(os.environ["ADMIN"], password)
    _tell_undecided()
    print("both databases are up to date, and the administrator has the password of the secret")


def _write_auth_config(file: Path, password: str) -> None:
    """MLflow takes these from a file alone, in which % starts an interpolation."""
    values = {
        "default_permission": os.environ["DEFAULT_PERMISSION"],
        "database_uri": pod_settings.AUTH,
        "admin_username": os.environ["ADMIN"],
        "admin_password": password,
        "authorization_function": "authenticate:authenticate",
    }
    lines = [f"{key} = {value}".replace("%", "%%") for key, value in values.items()]
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        print("[mlflow]", *lines, sep="\n", file=opened)


def _wait() -> None:
    """Return when PostgreSQL lets role mlflow in; say why not, and end, when it takes too long."""
    engine = sqlalchemy.create_engine(pod_settings.TRACKING)
    deadline, said = time.monotonic() + _PATIENCE, ""
    while True:
        try:
            return engine.connect().close()
        except OperationalError as error:
            reason = str(error.orig).strip()
        if time.monotonic() > deadline:
            sys.exit(f"PostgreSQL did not let role mlflow in for {_PATIENCE} s: {reason}")
        if reason != said:
            print(f"waiting for PostgreSQL: {reason}", flush=True)
            said = reason
        time.sleep(1)


@contextmanager
def _locked() -> Iterator[None]:
    """Let one pod at a time through. PostgreSQL frees the lock when its holder is gone."""
    engine = sqlalchemy.create_engine(pod_settings.TRACKING, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text(f"SET lock_timeout = '{_PATIENCE}s'"))
        try:
            connection.execute(sqlalchemy.text(f"SELECT pg_advisory_lock({_LOCK})"))
        except OperationalError:
            sys.exit(f"another pod has been migrating the databases for {_PATIENCE} s: see its log")
        yield


def _migrate() -> None:
    """Make or upgrade the tables of runs and models. "mlflow db upgrade" fails on an empty one."""
    from mlflow.store.db import utils
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    engine = sqlalchemy.create_engine(pod_settings.TRACKING)
    if sqlalchemy.inspect(engine).has_table("alembic_version"):
        utils._upgrade_db(engine)
    else:
        utils._initialize_tables(engine)
    # Two workers that meet an empty database each make the first experiment, and one fails.
    SqlAlchemyStore(pod_settings.TRACKING, pod_settings.ARTIFACT_ROOT)


def _set_administrator(name: str, password: str) -> None:
    """Make or change the administrator. MLflow itself never changes one that exists."""
    from mlflow.server.auth.sqlalchemy_store import SqlAlchemyStore

    store = SqlAlchemyStore()
    store.init_db(pod_settings.AUTH)  # migrates
    if store.has_user(name):
        store.update_user(name, password=password, is_admin=True)
    else:
        store.create_user(name, password, is_admin=True)


def _tell_undecided() -> None:
    """Name the routes that the table of permissions lacks: the server answers them 403."""
    import grants
    from mlflow.server import auth

    if grants.DECIDES_ITSELF:
        return
    os.environ.setdefault("MLFLOW_FLASK_SERVER_SECRET_KEY", "nothing is served here")
    auth.create_app()
    import authorize

    for route in authorize.undecided():
        print(f"nothing is decided about {route}: only administrators may ask it", flush=True)


if __name__ == "__main__":
    main()
