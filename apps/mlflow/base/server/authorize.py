"""A user's request -> the answer that refuses it, or None where they may ask it.

The place for all: both series and both deliveries call authenticate.py, which asks here. Whoever
writes to or reads a thing through another one is judged by both.
"""

import functools
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

import grants
import lists
import locations
import refusals
import routes
import said_once
import traces
from flask import Response, after_this_request, request
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE, PERMISSION_DENIED
from mlflow.server import app, auth, handlers
from mlflow.server.auth.entities import User
from mlflow.server.auth.permissions import Permission, get_permission
from mlflow.store.artifact.utils.models import _parse_model_uri
from routes import Need

Fields = said_once.Fields
Judge = Callable[[Need, Fields, str], None]
"""Raises where a need, with a request's fields and its user, is not met."""


def install() -> None:
    """Have MLflow filter its lists, forget grants, and judge paths as this module does."""
    lists.install()
    traces.install()
    auth._get_permission_from_experiment_id_artifact_proxy = _proxied
    if grants.DECIDES_ITSELF:
        auth._get_proxy_artifact_permission = _proxied_natively
        auth._find_fastapi_validator = _logging(auth._find_fastapi_validator)
        middleware = auth.GraphQLAuthorizationMiddleware
        middleware._check_authorization = _of_one_experiment(middleware._check_authorization)
    else:  # every route has its row in the table
        auth.BEFORE_REQUEST_VALIDATORS.clear()
        auth._is_proxy_artifact_path = lambda path: False
        # It takes no arguments, and so would answer 500 for a path that has one.
        app.view_functions["_not_implemented"] = lambda **_: handlers._not_implemented()


def refusal(user: User) -> Response | None:
    """Return the answer that refuses a user's request. Raises MlflowException for a 400 or 404."""
    if request.method == "HEAD":  # whose answer is a GET's, without its body
        request.method = "GET"
    if user.is_admin or request.method == "OPTIONS":
        return None
    after_this_request(functools.partial(_log_denial, user.username))
    try:
        _judge(user.username)
    except MlflowException as error:
        if error.error_code != "PERMISSION_DENIED":
            raise
        return Response(error.serialize_as_json(), 403, mimetype="application/json")
    return None


def undecided() -> list[str]:
    """Return the routes for which nothing is decided: they are for administrators alone."""
    rules = [] if grants.DECIDES_ITSELF else app.url_map.iter_rules()
    every = {routes.name(how, rule.rule) for rule in rules for how in rule.methods}
    unjudged = ("HEAD ", "OPTIONS ")
    return sorted(name for name in every - routes.TABLE.keys() if not name.startswith(unjudged))


def _judge(user: str) -> None:
    experiment = request.headers.get("x-mlflow-experiment-id", "0")
    _deny_unless(locations.number(experiment), "the header X-MLflow-Experiment-Id")
    handlers._get_tracking_store()  # when it is made it counts experiments: all of them
    if run := request.headers.get("x-mlflow-run-id"):  # to which traces are linked
        _on_experiment(routes.EDIT, _of_run(run), user)
    if request.url_rule is None:  # nothing is there, or MLflow 3 asks where no Flask is asked
        return
    route = routes.name(request.method, request.url_rule.rule)
    needs = routes.TABLE.get(route)
    if grants.DECIDES_ITSELF:
        needs = tuple(need for need in needs or () if need.kind in routes.REACHED)
    if needs is None:
        raise _denied(f"an administrator's right to {route}")
    fields = said_once.fields()
    for need in needs:
        _KINDS[need.kind](need, fields, user)


def _login(need: Need, fields: Fields, user: str) -> None:
    pass


def _administrator(need: Need, fields: Fields, user: str) -> None:
    raise _denied("an administrator's right")


def _own_name(need: Need, fields: Fields, user: str) -> None:
    _deny_unless(fields.get("username") == user, "an administrator's right to other users")


def _own_entry(need: Need, fields: Fields, user: str) -> None:
    """Leave of a list of users only who asks: pages ask for it, and a 403 would break them."""

    def filtered(answer: Response) -> Response:
        said = answer.get_json(silent=True) or {}
        if "users" in said:
            own = [entry for entry in said["users"] if entry["username"] == user]
            answer.set_data(json.dumps({**said, "users": own}))
        return answer

    after_this_request(filtered)


def _experiment(need: Need, fields: Fields, user: str) -> None:
    for experiment in _required(need, fields):
        _demand(need.level, f"experiment {experiment}", grants.on_experiment(experiment, user))


def _within(experiment_of: Callable[[str], str]) -> Judge:
    """Judge things by the experiment that they are in."""

    def judge(need: Need, fields: Fields, user: str) -> None:
        for name in _required(need, fields):
            _on_experiment(need.level, experiment_of(name), user)

    return judge


def _of_run(run: str) -> str:
    return grants.run(run)[0]


def _linked_run(need: Need, fields: Fields, user: str) -> None:
    for run in _named(need, fields):
        _on_experiment(need.level, _of_run(run), user)


def _model(need: Need, fields: Fields, user: str) -> None:
    for name in _required(need, fields):
        _demand(need.level, f"model {name}", grants.on_model(name, user))


def _path(need: Need, fields: Fields, user: str) -> None:
    path = locations.asked(next(_named(need, fields), ""))
    _demand(need.level, f"path {path or '/'}", on_path(path, user))


def _part(need: Need, fields: Fields, user: str) -> None:
    for path in _named(need, fields):
        locations.plain(path)


def _run_files(need: Need, fields: Fields, user: str) -> None:
    for run in _named(need, fields):
        _on_location(need.level, grants.run(run)[1], user)


def _version_files(need: Need, fields: Fields, user: str) -> None:
    names = [str(fields.get(name, "")) for name in need.fields]
    _on_location(need.level, _source_of(*names), user)


def _logged_model_files(need: Need, fields: Fields, user: str) -> None:
    for model in _named(need, fields):
        logged = handlers._get_tracking_store().get_logged_model(model)
        _on_location(need.level, logged.artifact_location, user)


def _new_location(need: Need, fields: Fields, user: str) -> None:
    for where in _named(need, fields):
        locations.refuse_taken(where)


def _source(need: Need, fields: Fields, user: str) -> None:
    keys = [tag.get("key") for tag in fields.get("tags") or () if isinstance(tag, dict)]
    is_prompt = "mlflow.prompt.is_prompt" in keys
    for source in _named(need, fields):
        if not (is_prompt and source.replace("-", "").isalnum()):  # a placeholder
            _on_location(need.level, source, user)


def _logged_models(need: Need, fields: Fields, user: str) -> None:
    """Judge the models that a metric, an input or an output of a run names. 2.22 has none."""
    said = [fields, *(fields.get("metrics") or ()), *(fields.get("models") or ())]
    models = {one["model_id"] for one in said if isinstance(one, dict) and one.get("model_id")}
    for model in models if grants.DECIDES_ITSELF else ():
        logged = handlers._get_tracking_store().get_logged_model(model)
        _on_experiment(need.level, str(logged.experiment_id), user)


def _on_location(level: str, where: str, user: str) -> None:
    """Raise where a user may not do that with what lies at an address."""
    if where.startswith("models:"):
        _on_model_location(level, where, user)
    elif where.startswith("runs:"):
        run, _, rest = where.removeprefix("runs:").strip("/").partition("/")
        locations.plain(unquote(rest))
        experiment, lies = grants.run(run)
        _on_experiment(level, experiment, user)
        _demand(level, f"location {where}", on_path(locations.stored(lies), user))
    else:
        _demand(level, f"location {where}", on_path(locations.stored(where), user))


def _on_model_location(level: str, where: str, user: str) -> None:
    try:
        parsed = _parse_model_uri(where)
    except MlflowException as error:
        raise MlflowException(error.message, INVALID_PARAMETER_VALUE) from None
    if logged := getattr(parsed, "model_id", None):
        model = handlers._get_tracking_store().get_logged_model(logged)
        _on_experiment(level, str(model.experiment_id), user)
    else:
        _demand(level, f"model {parsed.name}", grants.on_model(parsed.name, user))
    if parsed.version:
        _on_location(level, _source_of(parsed.name, parsed.version), user)


def _source_of(model: str, version: str) -> str:
    """Return where the files of a model's version lie."""
    if not (version.isascii() and version.isdigit() and len(version) < 10):
        raise MlflowException(f"{version!r} is not a version", INVALID_PARAMETER_VALUE)
    registry = handlers._get_model_registry_store()
    where: str = registry.get_model_version_download_uri(model, version)
    return where


def on_path(path: str, user: str) -> Permission:
    """Return what a user may do with what lies at a plain path: with all that it belongs to."""
    owners = locations.owners(path)
    permissions = [grants.on_experiment(owner, user) for owner in owners]
    return min(permissions, key=_rank, default=grants.NOTHING)


def _rank(permission: Permission) -> tuple[bool, ...]:
    return permission.can_read, permission.can_update, permission.can_manage


def _proxied() -> Permission:
    """MLflow's own question about a path of the container, in Flask."""
    path = (request.view_args or {}).get("artifact_path") or request.args.get("path") or ""
    return on_path(locations.asked(path), auth.authenticate_request().username)


def _proxied_natively(path: str, user: str, asked: str | None = None) -> Permission:
    """MLflow 3's question about one, where no Flask is asked."""
    _, found, rest = path.partition("/mlflow-artifacts/artifacts/")
    return on_path(locations.asked(rest if found else asked or ""), user)


def _of_one_experiment(check: Callable[..., bool]) -> Callable[..., bool]:
    """Have a query of MLflow 3's graphs name its experiment: it takes none for the first."""

    def checked(middleware: Any, field: str, arguments: dict[str, Any], user: str) -> bool:
        asked = getattr(arguments.get("input"), "experiment_id", None)
        named = field != "mlflowGetExperiment" or locations.number(asked or "")
        return named and check(middleware, field, arguments, user)

    return checked


def _on_experiment(level: str, experiment: str, user: str) -> None:
    _demand(level, f"experiment {experiment}", grants.on_experiment(experiment, user))


def _demand(level: str, thing: str, permission: Permission) -> None:
    wanted: Permission = get_permission(level)
    _deny_unless(_rank(permission) >= _rank(wanted), f"{level} on {thing}")


def _named(need: Need, fields: Fields) -> Iterator[str]:
    """Yield the names of the things: of fields that mean one thing, the first that is given."""
    value = next((fields[name] for name in need.fields if fields.get(name)), ())
    for one in value if isinstance(value, (list, tuple)) else [value]:
        yield str(one)


def _required(need: Need, fields: Fields) -> Iterator[str]:
    """Yield those names; raise where none is given: MLflow takes the first experiment then."""
    names = list(_named(need, fields))
    if not names:
        raise MlflowException(f"{need.fields[0]} is missing", INVALID_PARAMETER_VALUE)
    yield from names


def _deny_unless(permitted: bool, missing: str) -> None:
    if not permitted:
        raise _denied(missing)


def _denied(missing: str) -> MlflowException:
    return MlflowException(f"Permission denied: {missing} is missing", PERMISSION_DENIED)


def _log_denial(user: str, answer: Response) -> Response:
    if answer.status_code == 403:
        why = answer.get_json(silent=True) or {}
        refusals.log(user, request.method, request.path, why.get("message", "by MLflow"))
    return answer


def _logging(find: Callable[[str, str], Any]) -> Callable[[str, str], Any]:
    """Have MLflow 3 say too what it denies where no Flask is asked."""

    def found(path: str, method: str) -> Any:
        permits = find(path, method)

        async def judged(user: str, asked: Any) -> bool:
            permitted: bool = await permits(user, asked)
            if not permitted:
                refusals.log(user, method, path, "by MLflow")
            return permitted

        return permits and judged

    return found


_KINDS: dict[str, Judge] = {
    "login": _login,
    "administrator": _administrator,
    "own-name": _own_name,
    "own-entry": _own_entry,
    "experiment": _experiment,
    "experiment-name": _within(grants.experiment_named),
    "run": _within(_of_run),
    "runs": _within(_of_run),
    "linked-run": _linked_run,
    "model": _model,
    "trace": _within(grants.trace),
    "path": _path,
    "part": _part,
    "run-files": _run_files,
    "version-files": _version_files,
    "logged-model-files": _logged_model_files,
    "source": _source,
    "source-run": _linked_run,
    "logged-models": _logged_models,
    "closed": _administrator,
    "new-location": _new_location,
}
