"""A route and the things -> the requests that ask it for them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from tests.permissions.walk import OWNER, Things

_PARAMETER = re.compile(r"<(?:path:)?([^>]+)>")
_PREFIX = re.compile(r"^/((?:ajax-)?api/\d\.0)(?=/?mlflow)")


@dataclass(frozen=True)
class Route:
    """One rule with one of its methods."""

    rule: str
    method: str
    fields: dict[str, Any] = field(default_factory=dict)
    """Those of the message that its handler parses."""

    @property
    def prefix(self) -> str:
        """`api/2.0`, or nothing."""
        found = _PREFIX.match(self.rule)
        return found[1] if found else ""

    @property
    def name(self) -> str:
        """The rule without that."""
        return _PREFIX.sub("", self.rule)

    @property
    def reads(self) -> bool:
        """Whether it takes its fields from the query."""
        return self.method in ("GET", "HEAD")


@dataclass(frozen=True)
class Asked:
    """What a request says besides its method."""

    variant: str
    """What tells it from others of the same route."""
    path: str
    said: dict[str, Any] | None = None
    headers: dict[str, str] = field(default_factory=dict)


def routes(found: list[Any]) -> list[Route]:
    """Return an application's routes, each once: MLflow 3 serves some twice, natively first."""
    plain = {
        (re.sub(r"\{(\w+):path\}", r"<path:\1>", re.sub(r"\{(\w+)\}", r"<\1>", rule)), method): of
        for rule, method, of in reversed(found)
    }
    return [Route(rule, method, of) for (rule, method), of in sorted(plain.items(), key=str)]


# What a path or a body names beside the things: whatever is right there.
_OTHER = {
    "filename": "index.html",
    "key": "a",
    "tag_key": "a",
    "value": "1",
    "datasets": [{"dataset": {"name": "a", "digest": "b", "source_type": "c", "source": "d"}}],
    "model_json": '{"artifact_path": "a", "flavors": {}, "utc_time_created": "b", "run_id": "c"}',
    "assessment_id": "a",
    "webhook_id": "w",
    "workspace_name": "default",
    "job_id": "j",
    "session_id": "s",
    "provider": "openai",
    "max_traces": 1,
    "max_timestamp_millis": 1,
    "timestamp": 1,
    "timestamp_ms": 1,
    "num_parts": 1,
    "metric_key": "a",
    "new_name": "another",
    "stage": "Staging",
    "resource_type": "experiment",
    "model_name": "x",
    "description": "x",
    "filter_string1": "",
    "item_id": "x",
    "user": OWNER,
}


def everything(route: Route, things: Things) -> Iterator[Asked]:
    """Yield the requests that name the things, and what else a route takes."""
    headers = {}
    if route.name == "/v1/traces":
        headers["X-MLflow-Experiment-Id"] = things["experiment_id"]
    for variant, said in _variants(route, things):
        path = _path(route, said, things)
        asked = {name: value for name, value in said.items() if not name.startswith("<")}
        if route.reads or route.name == "/mlflow/upload-artifact":
            query = urlencode(asked, doseq=True)
            yield Asked(variant, f"{path}?{query}" if query else path, None, headers)
        else:
            yield Asked(variant, path, asked, headers)


def _path(route: Route, said: Things, things: Things) -> str:
    return _PARAMETER.sub(lambda found: _in_path(found[1], route, said, things), route.rule)


def _in_path(name: str, route: Route, said: Things, things: Things) -> str:
    if f"<{name}>" in said:
        return str(said[f"<{name}>"])
    if "/mcp-servers" in route.rule:
        mcp = {"name": "mcp_server", "version": "1.0.0", "alias": "champion", "endpoint_id": "e"}
        return str(things.get(mcp.get(name, name), mcp.get(name, "a")))
    if name == "endpoint_name":  # of a gateway
        name = "name"
    known = {"assessment.trace_id": things["trace_id"], "path": "x"} | _OTHER | things
    return str(known.get(name, "none"))


def _variants(route: Route, things: Things) -> Iterator[tuple[str, Things]]:
    special = _SPECIAL.get(route.name, {})
    if callable(special):
        yield from special(things)
        return
    known = _OTHER | things | special
    said = {name: known[name] for name in route.fields if name in known}
    said |= {name: known[name] for name in special if name not in route.fields}
    if "run_id" in said:
        said.pop("run_uuid", None)
    yield "", said


def _one(*names: str, **more: Any) -> Any:
    return lambda things: [("", {name: things[name] for name in names} | more)]


def _users(**more: Any) -> Any:
    return lambda things: [
        ("of another", {"username": "somebody", **more}),
        ("of the owner", {"username": OWNER, **more}),
    ]


def _paths(things: Things) -> Iterator[tuple[str, Things]]:
    yield "of the experiment", {"<artifact_path>": things["artifact_path"]}
    yield "of no experiment", {"<artifact_path>": "loose/model.pkl"}


def _parts(things: Things) -> Iterator[tuple[str, Things]]:
    for variant, said in _paths(things):
        yield variant, said | {"path": "model.pkl"}


def _list(things: Things) -> Iterator[tuple[str, Things]]:
    yield "of the experiment", {"path": things["experiment_id"]}
    yield "of no experiment", {"path": "loose"}
    yield "of all", {}


def _granted(things: Things) -> Iterator[tuple[str, Things]]:
    grant = {"username": "somebody", "permission": "READ"}
    yield "", {**grant, "experiment_id": things["experiment_id"]}


def _granted_model(things: Things) -> Iterator[tuple[str, Things]]:
    yield "", {"username": "somebody", "permission": "READ", "name": things["name"]}


def _granted_anything(things: Things) -> Iterator[tuple[str, Things]]:
    for kind, name in (("experiment", "experiment_id"), ("registered_model", "name")):
        thing = {"resource_type": kind, "resource_id": things[name], "permission": "READ"}
        yield f"of another, {kind}", {"username": "somebody", **thing}
    yield f"of the owner, {kind}", {"username": OWNER, **thing}


def _roles(**more: Any) -> Any:
    return lambda things: [("", {"role_id": things["role_id"], **more})]


_SPECIAL: dict[str, Any] = {
    "/get-artifact": _one("run_id", path="model.pkl"),
    "/mlflow/upload-artifact": _one("run_uuid", path="model.pkl"),
    "/model-versions/get-artifact": _one("name", "version", path="model.pkl"),
    "/mlflow/get-trace-artifact": _one("request_id"),
    "/mlflow/artifacts/list": _one("run_id"),
    "/mlflow/metrics/get-history-bulk": _one("run_id", metric_key="a"),
    "/mlflow/metrics/get-history-bulk-interval": _one("run_ids", metric_key="a"),
    "/mlflow/experiments/search-datasets": _one("experiment_ids"),
    "/mlflow/runs/create-promptlab-run": _one("experiment_id"),
    "/mlflow/experiments/create": _one(name="another"),
    "/mlflow/registered-models/create": _one(name="another"),
    "/mlflow-artifacts/artifacts": _list,
    "/mlflow-artifacts/artifacts/<path:artifact_path>": _paths,
    "/mlflow-artifacts/presigned/<path:artifact_path>": _paths,
    "/mlflow-artifacts/mpu/create/<path:artifact_path>": _parts,
    "/mlflow-artifacts/mpu/complete/<path:artifact_path>": _parts,
    "/mlflow-artifacts/mpu/abort/<path:artifact_path>": _parts,
    "/mlflow/users/create": _users(password="a password of somebody"),
    "/mlflow/users/get": _users(),
    "/mlflow/users/delete": _users(),
    "/mlflow/users/update-password": _users(password="a password of somebody"),
    "/mlflow/users/update-admin": _users(is_admin=True),
    "/mlflow/users/permissions/list": _users(),
    "/mlflow/users/roles/list": _users(),
    "/mlflow/users/permissions/get": _granted_anything,
    "/mlflow/users/permissions/grant": _granted_anything,
    "/mlflow/users/permissions/revoke": _granted_anything,
    **{
        f"/mlflow/{kind}/permissions/{action}": granted
        for kind, granted in (
            ("experiments", _granted),
            ("registered-models", _granted_model),
        )
        for action in ("get", "create", "update", "delete")
    },
    "/mlflow/roles/create": _one(workspace="default", name="another"),
    "/mlflow/roles/list": _one(workspace="default"),
    **{
        f"/mlflow/roles/{action}": _roles(username="somebody")
        for action in ("get", "update", "delete", "assign", "unassign", "users/list")
    },
    **{f"/mlflow/roles/permissions/{action}": _roles() for action in ("add", "list")},
    **{
        f"/mlflow/roles/permissions/{action}": _one(role_permission_id=1)
        for action in ("remove", "update")
    },
    **{
        f"/mlflow/artifacts/presigned-{way}-url": {"path": "model.pkl"}
        for way in ("download", "upload")
    },
    "/mlflow/traces/link-prompts": {"prompt_versions": [{"name": "a", "version": "1"}]},
    "/mlflow/traces/metrics": {
        "view_type": "TRACES",
        "metric_name": "trace_count",
        "aggregations": [{"aggregation_type": "COUNT"}],
    },
    "/mlflow/traces/calculate-filter-correlation": {
        "filter_string1": "trace.status = 'OK'",
        "filter_string2": "trace.status = 'OK'",
    },
    "/mlflow/datasets/<dataset_id>/records": {"records": '[{"inputs": {"a": "b"}}]'},
    "/mlflow/datasets/<dataset_id>/tags": {"tags": '{"a": "b"}'},
    "/mlflow/gateway/endpoints/get": _one("endpoint_id"),
    "/mlflow/gateway/secrets/get": _one("secret_id"),
    "/mlflow/label-schemas/create": {
        "type": "FEEDBACK",
        "input": {"pass_fail": {"positive_label": "yes", "negative_label": "no"}},
    },
    "/mlflow/review-queues/create": {"name": "another", "queue_type": "CUSTOM"},
    "/mlflow/review-queues/items/add": {"item_type": "TRACE", "item_ids": ["a"]},
    "/mlflow/review-queues/items/remove": {"item_ids": ["a"]},
    "/mlflow/review-queues/items/set-status": {"status": "COMPLETE"},
    "/mlflow/scorers/register": {"serialized_scorer": "{}"},
    "/mlflow/prompt-optimization/jobs": {
        "source_prompt_uri": "prompts:/a/1",
        "config": {"optimizer_type": "OPTIMIZER_TYPE_GEPA"},
    },
    "/mlflow/traces/<trace_id>/assessments": {"assessment": {"assessment_name": "a"}},
    "/mlflow/scorers/online-config": _one("experiment_id"),
    "/mlflow/scorers/online-configs": _one(scorer_ids=["none"]),
    "/mlflow/issues/invoke": _one("experiment_id", "trace_ids"),
    "/mlflow/genai/evaluate/invoke": _one("experiment_id", "trace_ids"),
    "/mlflow/scorer/invoke": _one("experiment_id", "trace_ids"),
    **{
        f"/gateway/{api}": lambda things: [("", {"model": things["name"]})]
        for api in (
            "mlflow/v1/chat/completions",
            "openai/v1/chat/completions",
            "openai/v1/embeddings",
            "openai/v1/responses",
            "anthropic/v1/messages",
        )
    },
}
