"""A route and its method -> what whoever asks must be permitted. MLflow 2.22 lets pass the rest.

3.16 refuses what it has not decided: of its routes only what is reached through others counts here.
A route that no row names is for administrators alone; initialise.py prints it when a pod starts.
"""

import re
from typing import NamedTuple

READ, EDIT, MANAGE = "READ", "EDIT", "MANAGE"


class Need(NamedTuple):
    """What one route asks for: a level, on the thing of a kind that some fields name."""

    kind: str
    level: str = ""
    fields: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join(filter(None, [self.level, self.kind, *self.fields]))


LOGIN = Need("login")  # nothing but a user's name and password; lists show what they may read
ADMINISTRATOR = Need("administrator")
OWN_NAME = Need("own-name", fields=("username",))
# The file of a run or of a model's version lies where others wrote that it does.
RUN_FILES = Need("run-files", READ, ("run_id", "run_uuid"))
VERSION_FILES = Need("version-files", READ, ("name", "version"))
LOGGED_MODEL_FILES = Need("logged-model-files", READ, ("model_id",))
SOURCE = Need("source", READ, ("source",))
NEW_LOCATION = Need("new-location", fields=("artifact_location",))
PART = Need("part", fields=("path",))
# What 3.16 lets everybody do, with the server's rights or with what others have.
CLOSED = Need("closed")
OWN_ENTRY = Need("own-entry")
METRICS_OF_MODELS = Need("logged-models", EDIT)
MODELS_OF_RUNS = Need("logged-models", READ)
SOURCE_RUN = Need("source-run", READ, ("source_run_id",))
REACHED = {
    *("run-files", "version-files", "logged-model-files", "logged-models"),
    *("source", "source-run", "new-location", "part", "own-entry", "closed"),
}


def _experiment(level: str) -> Need:
    return Need("experiment", level, ("experiment_id",))


def _run(level: str) -> Need:
    return Need("run", level, ("run_id", "run_uuid"))


def _model(level: str) -> Need:
    return Need("model", level, ("name",))


def _trace(level: str) -> Need:
    return Need("trace", level, ("request_id",))


def _path(level: str) -> Need:
    return Need("path", level, ("artifact_path",))


_MODELS, _VERSIONS = "/mlflow/registered-models", "/mlflow/model-versions"
_FILES = "/mlflow-artifacts"

TABLE: dict[str, tuple[Need, ...]] = {
    "GET /": (LOGIN,),
    "GET /version": (LOGIN,),
    "GET /health": (LOGIN,),
    "GET /build/<path:filename>": (LOGIN,),
    "GET /static-files/<path:path>": (LOGIN,),
    # Experiments
    "POST /mlflow/experiments/create": (LOGIN, NEW_LOCATION),
    "GET /mlflow/experiments/get": (_experiment(READ),),
    "GET /mlflow/experiments/get-by-name": (Need("experiment-name", READ, ("experiment_name",)),),
    "GET /mlflow/experiments/search": (LOGIN,),
    "POST /mlflow/experiments/search": (LOGIN,),
    "POST /mlflow/experiments/update": (_experiment(EDIT),),
    "POST /mlflow/experiments/set-experiment-tag": (_experiment(EDIT),),
    "POST /mlflow/experiments/delete": (_experiment(MANAGE),),
    "POST /mlflow/experiments/restore": (_experiment(MANAGE),),
    "POST /mlflow/experiments/search-datasets": (LOGIN,),
    # Runs
    "POST /mlflow/runs/create": (_experiment(EDIT),),
    "POST /mlflow/runs/create-promptlab-run": (_experiment(EDIT),),
    "GET /mlflow/runs/get": (_run(READ),),
    "POST /mlflow/runs/search": (LOGIN,),
    "POST /mlflow/runs/update": (_run(EDIT),),
    "POST /mlflow/runs/log-metric": (_run(EDIT), METRICS_OF_MODELS),
    "POST /mlflow/runs/log-parameter": (_run(EDIT),),
    "POST /mlflow/runs/log-batch": (_run(EDIT), METRICS_OF_MODELS),
    "POST /mlflow/runs/log-inputs": (_run(EDIT), MODELS_OF_RUNS),
    "POST /mlflow/runs/outputs": (MODELS_OF_RUNS,),
    "POST /mlflow/logged-models": (SOURCE_RUN,),
    "POST /mlflow/runs/log-model": (_run(EDIT),),
    "POST /mlflow/runs/set-tag": (_run(EDIT),),
    "POST /mlflow/runs/delete-tag": (_run(EDIT),),
    "POST /mlflow/runs/delete": (_run(MANAGE),),
    "POST /mlflow/runs/restore": (_run(MANAGE),),
    "GET /mlflow/metrics/get-history": (_run(READ),),
    "GET /mlflow/metrics/get-history-bulk": (Need("runs", READ, ("run_id",)),),
    "GET /mlflow/metrics/get-history-bulk-interval": (Need("runs", READ, ("run_ids",)),),
    # Files of runs, and of what is reached through others
    "GET /mlflow/artifacts/list": (_run(READ), RUN_FILES),
    "GET /get-artifact": (_run(READ), RUN_FILES),
    "POST /mlflow/upload-artifact": (_run(EDIT), RUN_FILES._replace(level=EDIT)),
    "POST /mlflow/artifacts/presigned-download-url": (RUN_FILES,),
    "POST /mlflow/artifacts/presigned-upload-url": (RUN_FILES._replace(level=EDIT),),
    "GET /model-versions/get-artifact": (_model(READ), VERSION_FILES),
    "GET /mlflow/get-trace-artifact": (_trace(READ),),
    "GET /mlflow/logged-models/<model_id>/artifacts/files": (LOGGED_MODEL_FILES,),
    "GET /mlflow/logged-models/<model_id>/artifacts/directories": (LOGGED_MODEL_FILES,),
    # The container, by paths
    f"GET {_FILES}/artifacts": (Need("path", READ, ("path",)),),
    f"GET {_FILES}/artifacts/<path:artifact_path>": (_path(READ),),
    f"PUT {_FILES}/artifacts/<path:artifact_path>": (_path(EDIT),),
    f"DELETE {_FILES}/artifacts/<path:artifact_path>": (_path(MANAGE),),
    f"POST {_FILES}/mpu/create/<path:artifact_path>": (_path(EDIT), PART),
    f"POST {_FILES}/mpu/complete/<path:artifact_path>": (_path(EDIT), PART),
    f"POST {_FILES}/mpu/abort/<path:artifact_path>": (_path(EDIT), PART),
    # Registered models and their versions
    f"POST {_MODELS}/create": (LOGIN,),
    f"GET {_MODELS}/get": (_model(READ),),
    f"GET {_MODELS}/search": (LOGIN,),
    f"GET {_MODELS}/get-latest-versions": (_model(READ),),
    f"POST {_MODELS}/get-latest-versions": (_model(READ),),
    f"POST {_MODELS}/rename": (_model(EDIT),),
    f"PATCH {_MODELS}/update": (_model(EDIT),),
    f"DELETE {_MODELS}/delete": (_model(MANAGE),),
    f"POST {_MODELS}/set-tag": (_model(EDIT),),
    f"DELETE {_MODELS}/delete-tag": (_model(EDIT),),
    f"GET {_MODELS}/alias": (_model(READ),),
    f"POST {_MODELS}/alias": (_model(EDIT),),
    f"DELETE {_MODELS}/alias": (_model(MANAGE),),
    f"POST {_VERSIONS}/create": (_model(EDIT), Need("linked-run", READ, ("run_id",)), SOURCE),
    f"GET {_VERSIONS}/get": (_model(READ),),
    f"GET {_VERSIONS}/get-download-uri": (_model(READ),),
    f"GET {_VERSIONS}/search": (LOGIN,),
    f"PATCH {_VERSIONS}/update": (_model(EDIT),),
    f"POST {_VERSIONS}/transition-stage": (_model(EDIT),),
    f"DELETE {_VERSIONS}/delete": (_model(MANAGE),),
    f"POST {_VERSIONS}/set-tag": (_model(EDIT),),
    f"DELETE {_VERSIONS}/delete-tag": (_model(MANAGE),),
    # Traces
    "POST /mlflow/traces": (_experiment(EDIT),),
    "GET /mlflow/traces": (LOGIN,),
    "PATCH /mlflow/traces/<request_id>": (_trace(EDIT),),
    "GET /mlflow/traces/<request_id>/info": (_trace(READ),),
    "PATCH /mlflow/traces/<request_id>/tags": (_trace(EDIT),),
    "DELETE /mlflow/traces/<request_id>/tags": (_trace(EDIT),),
    "POST /mlflow/traces/delete-traces": (_experiment(MANAGE),),
    # 2.22 has these routes and answers 404: newer clients take that for "an older server".
    "GET /mlflow/traces/<trace_id>": (LOGIN,),
    "POST /mlflow/traces/{assessment.trace_id}/assessments": (LOGIN,),
    "PATCH /mlflow/traces/<trace_id>/assessments/<assessment_id>": (LOGIN,),
    "DELETE /mlflow/traces/<trace_id>/assessments/<assessment_id>": (LOGIN,),
    # Users, and who may do what
    "GET /signup": (ADMINISTRATOR,),
    "POST /mlflow/users/create": (ADMINISTRATOR,),
    "POST /mlflow/users/create-ui": (ADMINISTRATOR,),
    "GET /mlflow/users/get": (OWN_NAME,),
    "GET /mlflow/users/list": (OWN_ENTRY,),
    "GET /mlflow/roles/list": (CLOSED,),
    "GET /mlflow/roles/get": (CLOSED,),
    "GET /mlflow/roles/permissions/list": (CLOSED,),
    "PATCH /mlflow/users/update-password": (OWN_NAME,),
    "PATCH /mlflow/users/update-admin": (ADMINISTRATOR,),
    "DELETE /mlflow/users/delete": (ADMINISTRATOR,),
    "GET /mlflow/experiments/permissions/get": (_experiment(MANAGE),),
    "POST /mlflow/experiments/permissions/create": (_experiment(MANAGE),),
    "PATCH /mlflow/experiments/permissions/update": (_experiment(MANAGE),),
    "DELETE /mlflow/experiments/permissions/delete": (_experiment(MANAGE),),
    f"GET {_MODELS}/permissions/get": (_model(MANAGE),),
    f"POST {_MODELS}/permissions/create": (_model(MANAGE),),
    f"PATCH {_MODELS}/permissions/update": (_model(MANAGE),),
    f"DELETE {_MODELS}/permissions/delete": (_model(MANAGE),),
    # 2.22.0 answers 500 to whoever asks in this language.
    "GET /graphql": (ADMINISTRATOR,),
    "POST /graphql": (ADMINISTRATOR,),
    # 3.16's demonstration lands among everybody's things.
    "POST /mlflow/demo/generate": (CLOSED,),
    "POST /mlflow/scorer/invoke": (CLOSED,),  # it asks nobody whose the traces are
    # 3.16's gateway calls whatever address it is given, as the server.
    **{
        f"POST /mlflow/gateway/{kind}/{how}": (CLOSED,)
        for kind in ("secrets", "model-definitions", "endpoints")
        for how in ("create", "update")
    },
    "POST /mlflow/gateway/endpoints/models/attach": (CLOSED,),  # of whatever secret
    "DELETE /mlflow/workspaces/<workspace_name>": (CLOSED,),  # 3.16 decides about none but this
    # Without a gateway configured it answers an empty list, and pages ask for that.
    "GET /mlflow/gateway-proxy": (LOGIN,),
    "POST /mlflow/gateway-proxy": (LOGIN,),
}

_PREFIX = re.compile(r"^/(ajax-)?api/[23]\.0/?")


def name(method: str, rule: str) -> str:
    """Return a route's name in the table: pages and clients ask for one thing by two prefixes."""
    return f"{method} {_PREFIX.sub('/', rule)}"
