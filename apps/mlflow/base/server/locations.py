"""Where bytes lie -> the experiment that they belong to.

Every experiment has a folder of the blob container: the one of its number, and the one that its
artifact location names where it was made with another.
"""

import posixpath
from collections.abc import Iterator
from urllib.parse import unquote, urlparse

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import BAD_REQUEST, PERMISSION_DENIED
from mlflow.server import handlers
from mlflow.store.tracking.dbmodels.models import SqlExperiment
from mlflow.utils.uri import validate_path_is_safe
from sqlalchemy import or_

_SCHEME = "mlflow-artifacts"
_LONGEST = 9  # digits of a number that PostgreSQL surely takes as an experiment's id


def number(text: str) -> bool:
    """Whether a text is an experiment's id as MLflow writes it: 05 and +5 are not 5."""
    return text.isascii() and text.isdigit() and str(int(text)) == text


def asked(path: str) -> str:
    """Return the plain form of a path as a client asks for it, which MLflow decodes."""
    return plain(validate_path_is_safe(path))


def plain(path: str) -> str:
    """Return a path without what a store may drop from it; raise where it leaves its folder."""
    if "\\" in path or ".." in path.split("/"):
        raise MlflowException(f"the path {path!r} must not contain .. or \\", BAD_REQUEST)
    return posixpath.normpath(path).strip("/") if path else ""


def owners(path: str) -> set[str]:
    """Return the experiments that a plain path belongs to: those around it, and those inside it."""
    first = path.split("/")[0]
    if not path or (number(first) and len(first) > _LONGEST):
        return set()
    experiment, location = SqlExperiment.experiment_id, SqlExperiment.artifact_location
    if number(first):
        is_owner = experiment == int(first)
    else:
        around = [f"{_SCHEME}:/{folder}" for folder in _parents(path)]
        inside = location.startswith(f"{_SCHEME}:/{path}/", autoescape=True)
        is_owner = or_(location.in_(around), inside)
    with handlers._get_tracking_store().ManagedSessionMaker() as session:
        return {str(found) for (found,) in session.query(experiment).filter(is_owner)}


def _parents(path: str) -> Iterator[str]:
    while path:
        yield path
        path = posixpath.dirname(path)


def stored(uri: str) -> str:
    """Return the plain path in the container that an address of this server's artifacts names.

    Raises MlflowException for an address that is elsewhere: only administrators may use those,
    because MLflow reads them as the server, with what the server has.
    """
    scheme = urlparse(uri).scheme
    ours = scheme == _SCHEME or "/api/2.0/mlflow-artifacts/artifacts/" in urlparse(uri).path
    if scheme not in (_SCHEME, "http", "https") or not ours:
        raise MlflowException(
            f"only an administrator may use the location {uri!r}, which is outside of this "
            f"server's artifacts",
            PERMISSION_DENIED,
        )
    path = handlers._get_proxied_run_artifact_destination_path(uri)
    if unquote(path) != path:
        raise MlflowException(f"the location {uri!r} must not contain %", BAD_REQUEST)
    return plain(path)


def refuse_taken(uri: str) -> None:
    """Raise where a new experiment's location would lie in another's folder, or around one."""
    path = stored(uri)
    if uri != f"{_SCHEME}:/{path}" or not path or number(path.split("/")[0]):
        raise MlflowException(
            f"only an administrator may give an experiment the location {uri!r}; leave it out, or "
            f"write {_SCHEME}:/NAME with a name that is not a number",
            PERMISSION_DENIED,
        )
    if owners(path):
        raise MlflowException(
            f"the location {uri!r} belongs to another experiment; choose another name",
            PERMISSION_DENIED,
        )
