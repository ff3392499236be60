"""A request's fields -> the same, where each thing is said once and by its own name; else a 400.

MLflow decides by the JSON of a body, and acts on the protobuf message that it parses from it. A
body that spells a field by its alias (runId), or twice, could be judged by one value and obeyed by
another.
"""

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import locations
from flask import request
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.json_format import ParseError
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE
from mlflow.server import handlers
from mlflow.utils.proto_json_utils import parse_dict

_SAME = ({"run_id", "run_uuid"}, {"request_id", "trace_id"})  # two names of one thing
_ALIASES = {  # of what a request is judged by: refused where the message lacks the field, too
    "runId": "run_id",
    "runUuid": "run_uuid",
    "runIds": "run_ids",
    "experimentId": "experiment_id",
    "experimentIds": "experiment_ids",
    "requestId": "request_id",
    "traceId": "trace_id",
    "modelId": "model_id",
}
_OTHERS = {  # routes that are declared by hand, and parse the message of another one
    "/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval": "/metrics/get-history-bulk-interval",
    "/ajax-api/2.0/mlflow/experiments/search-datasets": "mlflow/experiments/search-datasets",
}
_FILES = ("_upload_artifact", "serve_upload_artifact")  # their bodies are what people keep
_SINGLE = {  # one value each, where no message says so
    *("run_id", "run_uuid", "experiment_id", "request_id", "trace_id", "model_id", "username"),
    *("name", "version", "path", "artifact_file_path"),
}
_NO_TEXT = re.compile("[\0\ud800-\udfff]")
_OF_MANY_RUNS = "/metrics/get-history-bulk"

Fields = dict[str, Any]
Message = Any
"""A class of protobuf messages."""


def fields() -> Fields:
    """Return what the request says, by its fields' names: the path's, then the query's or body's.

    Raises MlflowException, INVALID_PARAMETER_VALUE, where the handler might read it otherwise.
    """
    message = _messages().get((request.url_rule.rule, request.method))
    if request.method == "GET":
        _expect(not _has_body(), "a GET takes its fields from the query, not from a body")
    from_query = request.method == "GET" or request.url_rule.endpoint in _FILES
    said = _query(message) if from_query else _body(message)
    named = request.view_args or {}
    for name in named.keys() & said.keys():
        _expect(named[name] == said[name], f"{name} differs in the path and in the body")
    said = {**said, **named}
    for names in _SAME:
        values = {said[name] for name in names if said.get(name) and isinstance(said[name], str)}
        _expect(len(values) < 2, f"{' and '.join(sorted(names))} differ; say one")
    for name, value in said.items():
        _expect_number(name, value)
        _expect_text(name, value)
    return said


def _query(message: Message | None) -> Fields:
    known = message.DESCRIPTOR.fields_by_name if message else {}
    said: Fields = {}
    for name, values in request.args.lists():
        single = not _repeated(known[name]) if name in known else name in _SINGLE
        if name == "run_id" and request.url_rule.rule.endswith(_OF_MANY_RUNS):
            single = False
        _expect(not single or len(values) == 1, f"{name} is given more than once")
        is_list = len(values) > 1 or (name in known and not single)
        said[name] = values if is_list else values[0]
    return said


def _body(message: Message | None) -> Fields:
    if request.mimetype != "application/json":
        _expect(message is None or not _has_body(), "the body must be application/json")
        return {}
    said = _parsed(request.get_data())
    for alias in said.keys() & _ALIASES.keys():
        raise _refused(f"{alias}: write {_ALIASES[alias]}")
    if message:
        twice = request.args.keys() & message.DESCRIPTOR.fields_by_name.keys()
        _expect(not twice, f"{', '.join(sorted(twice))} must stand in the body alone")
        _expect_names(said, message.DESCRIPTOR)
        _expect_whole(message)
    return said


def _has_body() -> bool:
    return bool(request.content_length) or "Transfer-Encoding" in request.headers


def _parsed(body: bytes) -> Fields:
    try:
        said = json.loads(body or b"{}", object_pairs_hook=_object)
    except (ValueError, RecursionError):
        raise _refused("the body is not JSON") from None
    _expect(isinstance(said, dict), "the body must be a JSON object")
    return dict(said)


def _object(pairs: Iterable[tuple[str, Any]]) -> Fields:
    said: Fields = {}
    for name, value in pairs:
        _expect(name not in said, f"{name} is given more than once")
        said[name] = value
    return said


def _expect_whole(message: Message) -> None:
    """Raise where the body is not what the route takes: MLflow would obey the part that fits."""
    try:
        parse_dict(json.loads(request.get_data() or b"{}"), message())  # it changes what it reads
    except (ParseError, TypeError) as error:  # MLflow changes ids before it parses
        raise _refused(f"{error}"[:200]) from None


def _expect_names(said: Any, message: Descriptor) -> None:
    """Raise where a field is spelt in another way than the message declares it."""
    if not isinstance(said, Mapping) or message.full_name.startswith("google.protobuf."):
        return
    aliases = _aliases(message)
    for name, value in said.items():
        _expect(name not in aliases, f"{name}: write {aliases.get(name)}")
        field = message.fields_by_name.get(name)
        _expect_number(name if field else "", value)
        if field and field.message_type and not field.message_type.GetOptions().map_entry:
            for inner in value if isinstance(value, list) else [value]:
                _expect_names(inner, field.message_type)


@cache
def _aliases(message: Descriptor) -> dict[str, str]:
    spelt = ((alias, field.name) for field in message.fields for alias in _spellings(field))
    return {alias: name for alias, name in spelt if alias not in message.fields_by_name}


def _spellings(field: FieldDescriptor) -> tuple[str, ...]:
    return field.json_name, field.camelcase_name, f"[{field.full_name}]"


def _expect_number(name: str, value: Any) -> None:
    """Raise where an experiment's id is not as MLflow writes it: 05 is found, its grants not."""
    if name not in ("experiment_id", "experiment_ids"):
        return
    for one in value if isinstance(value, list) else [value]:
        right = isinstance(one, str) and locations.number(one)  # for MLflow, none is 0
        _expect(right, f"{name}: {one!r} is not an experiment's id; write it as a string")


def _expect_text(name: str, value: Any) -> None:
    """Raise where a text is one that PostgreSQL does not take."""
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, str):
            _expect(not _NO_TEXT.search(one), f"{name} holds a character that is not text")


def _repeated(field: FieldDescriptor) -> bool:
    """Whether a field holds a list, in old versions of protobuf and in new ones."""
    new = hasattr(field, "is_repeated")
    return bool(field.is_repeated if new else field.label == field.LABEL_REPEATED)


@cache
def _messages() -> dict[tuple[str, str], Message]:
    """Return what each route and method parses its fields into, by the route's rule."""
    found = {
        (path, method): request_class
        for path, request_class, methods in handlers.get_endpoints(lambda known: known)
        for method in methods
        if hasattr(request_class, "DESCRIPTOR")
    }
    for rule, end in _OTHERS.items():
        found |= {(rule, how): of for (path, how), of in found.items() if path.endswith(end)}
    return found


def _expect(right: bool, message: str) -> None:
    if not right:
        raise _refused(message)


def _refused(message: str) -> MlflowException:
    return MlflowException(f"the request is refused: {message}", INVALID_PARAMETER_VALUE)
