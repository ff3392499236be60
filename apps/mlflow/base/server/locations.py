"""Where bytes lie -> the experiment that they belong to.

Every experiment has a folder of the blob container: the one of its number, and the one that its
artifact location names where it was made with another.
"""

import os
import posixpath
import re
from urllib.parse import unquote, urlparse

from azure.core.exceptions import AzureError
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import BAD_REQUEST, PERMISSION_DENIED, TEMPORARILY_UNAVAILABLE
from mlflow.server import ARTIFACTS_DESTINATION_ENV_VAR, handlers
from mlflow.store.tracking.dbmodels.models import SqlExperiment
from mlflow.utils.uri import validate_path_is_safe
from sqlalchemy import String, cast, func

_SCHEME = "mlflow-artifacts"
_ROUTE = "/api/2.0/mlflow-artifacts/artifacts/"
_LONGEST = 9  # digits of a number that PostgreSQL surely takes as an experiment's id
_NEW = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")  # a part of a new location


def number(text: str) -> bool:
    """Whether a text is an experiment's id as MLflow writes it: 05 and +5 are not 5."""
    is_short = 0 < len(text) <= _LONGEST
    return is_short and text.isascii() and text.isdigit() and str(int(text)) == text


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
    experiment, location = SqlExperiment.experiment_id, SqlExperiment.artifact_location
    with handlers._get_tracking_store().ManagedSessionMaker() as session:
        if number(first):
            rows = session.query(experiment).filter(experiment == int(first))
            return {str(found) for (found,) in rows}
        usual = func.concat(f"{_SCHEME}:/", cast(experiment, String))
        rows = session.query(experiment, location).filter(location != usual).all()
    folders = {str(found): _folder(text) for found, text in rows}
    return {found for found, folder in folders.items() if folder and path and _meet(folder, path)}


def _folder(location: str) -> str:
    """Return the plain path of an experiment's location; empty where it is elsewhere."""
    try:
        return stored(location)
    except MlflowException:
        return ""


def _meet(folder: str, path: str) -> bool:
    return f"{path}/".startswith(f"{folder}/") or folder.startswith(f"{path}/")


def stored(uri: str) -> str:
    """Return the plain path in the container that an address of this server's artifacts names.

    Raises MlflowException for an address that is elsewhere: only administrators may use those,
    because MLflow reads them as the server, with what the server has.
    """
    path = _path(uri)
    if path is None:
        raise MlflowException(
            f"only an administrator may use the location {uri!r}, which is outside of this "
            f"server's artifacts",
            PERMISSION_DENIED,
        )
    if unquote(path) != path:
        raise MlflowException(f"the location {uri!r} must not contain %", BAD_REQUEST)
    return plain(path)


def _path(uri: str) -> str | None:
    """Return what MLflow makes of an address in the container; None where it lies elsewhere."""
    container = os.environ[ARTIFACTS_DESTINATION_ENV_VAR].rstrip("/")
    if uri.startswith(f"{container}/"):
        return uri.removeprefix(container).lstrip("/")
    try:
        parts = urlparse(uri)
    except ValueError:  # of a bracket
        return None
    if parts.scheme != _SCHEME and not (parts.scheme in ("http", "https") and _ROUTE in parts.path):
        return None
    path: str = handlers._get_proxied_run_artifact_destination_path(uri)
    return path


def refuse_taken(uri: str) -> None:
    """Raise where a new experiment's location would lie in another's folder, or around one."""
    path = stored(uri)
    parts = path.split("/")
    is_name = all(map(_NEW.fullmatch, parts)) and parts[0] != "workspaces"
    if uri != f"{_SCHEME}:/{path}" or not is_name or number(parts[0]):
        raise MlflowException(
            f"only an administrator may give an experiment the location {uri!r}; leave it out, or "
            f"write {_SCHEME}:/NAME with a name that is not a number",
            PERMISSION_DENIED,
        )
    if owners(path) or _holds_files(path):
        raise MlflowException(
            f"the location {uri!r} belongs to others; choose another name", PERMISSION_DENIED
        )


def _holds_files(path: str) -> bool:
    try:
        return bool(handlers._get_artifact_repo_mlflow_artifacts().list_artifacts(path))
    except AzureError as error:
        raise MlflowException("the storage does not answer", TEMPORARILY_UNAVAILABLE) from error
