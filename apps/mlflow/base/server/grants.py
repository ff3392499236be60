"""A thing and a user -> what they may do with it, as MLflow's own tables of users have it."""

from typing import Any

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST
from mlflow.server import auth, handlers
from mlflow.server.auth.permissions import NO_PERMISSIONS, Permission
from mlflow.store.tracking.dbmodels.models import SqlExperiment, SqlRun, SqlTraceInfo
from mlflow.version import VERSION

DECIDES_ITSELF = int(VERSION.partition(".")[0]) >= 3
"""Whether this MLflow refuses every route for which it has no decision of its own."""

NOTHING: Permission = NO_PERMISSIONS


def on_experiment(experiment_id: str, user: str) -> Permission:
    """Return what a user may do with an experiment and all that is in it."""
    if DECIDES_ITSELF:
        return auth._get_experiment_permission(experiment_id, user)
    store = auth.store
    return auth._get_permission_from_store_or_default(
        lambda: store.get_experiment_permission(experiment_id, user).permission
    )


def on_model(name: str, user: str) -> Permission:
    """Return what a user may do with a registered model and its versions."""
    if DECIDES_ITSELF:
        return auth._graphql_get_permission_for_model(name, user)
    store = auth.store
    return auth._get_permission_from_store_or_default(
        lambda: store.get_registered_model_permission(name, user).permission
    )


def forget_model(name: str) -> None:
    """Delete everybody's grants on a registered model: another one may get its name."""
    store = auth.store
    if DECIDES_ITSELF:
        for kind in ("registered_model", "prompt"):
            store.delete_grants_for_resource(kind, name, workspace_scoped=True)
        return
    from mlflow.server.auth.db.models import SqlRegisteredModelPermission

    with store.ManagedSessionMaker() as session:
        session.query(SqlRegisteredModelPermission).filter_by(name=name).delete()


def run(run_id: str) -> tuple[str, str]:
    """Return a run's experiment and the address of its artifacts. MLflow reads the whole run."""
    columns = SqlRun.experiment_id, SqlRun.artifact_uri
    found = _first(columns, SqlRun.run_uuid == run_id, f"Run with id={run_id}")
    return str(found[0]), found[1]


def trace(request_id: str) -> str:
    """Return the experiment of a trace."""
    columns = (SqlTraceInfo.experiment_id,)
    found = _first(columns, SqlTraceInfo.request_id == request_id, f"Trace with ID {request_id}")
    return str(found[0])


def experiment_named(name: str) -> str:
    """Return the experiment of that name."""
    columns = (SqlExperiment.experiment_id,)
    return str(_first(columns, SqlExperiment.name == name, f"Experiment with name '{name}'")[0])


def _first(columns: tuple[Any, ...], condition: Any, what: str) -> Any:
    with handlers._get_tracking_store().ManagedSessionMaker() as session:
        found = session.query(*columns).filter(condition).first()
    if found is None:
        raise MlflowException(f"{what} not found", RESOURCE_DOES_NOT_EXIST)
    return found
