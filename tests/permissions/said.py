"""A route -> requests that name a thing of one's own and one of another's, in every way there is."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from hypothesis import strategies as st

from tests.permissions import asked
from tests.permissions.asked import Route
from tests.permissions.walk import Things

# What names a thing that somebody may be without a permission for.
NAMES = (
    *("experiment_id", "experiment_ids", "experiment_name"),
    *("run_id", "run_uuid", "run_ids", "source_run_id"),
    *("request_id", "request_ids", "trace_id", "trace_ids"),
    *("name", "model_id", "dataset_id", "issue_id", "schema_id", "queue_id"),
    *("secret_id", "endpoint_id", "model_definition_id", "scorer_id"),
)
_TWINS = {
    "run_id": ["run_uuid"],
    "run_uuid": ["run_id"],
    "request_id": ["trace_id"],
    "trace_id": ["request_id"],
}
_JSON = "application/json"
_TYPES = (
    *(_JSON, "application/json; charset=utf-8", "application/json; charset=utf-16"),
    *("APPLICATION/JSON", "application/json+x", "application/vnd.x+json", "text/json"),
    *("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""),
)
_ZEROS = (0x660, 0xFF10)  # of Arabic digits, and of wide ones
_RARELY = st.integers(0, 9).map(lambda number: number == 9)
_SOMETIMES = st.integers(0, 2).map(lambda number: number == 2)
_LATE = st.sampled_from([-1, -1, -1, 0, 1, 2])
_ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32")

Pairs = list[tuple[str, Any]]


class Object(Pairs):
    """A JSON object that may hold a name twice."""


@dataclass(frozen=True)
class Said:
    """A request."""

    method: str
    path: str
    query: Pairs
    object: Object
    type: str
    encoding: str
    wrapped: int
    """How often the JSON stands in a string of JSON."""

    @property
    def target(self) -> str:
        return f"{self.path}?{urlencode(self.query, doseq=True)}" if self.query else self.path

    @property
    def body(self) -> bytes | None:
        if not self.object:
            return None
        if "urlencoded" in self.type:
            return urlencode(self.object, doseq=True).encode()
        text = _json(self.object)
        for _ in range(self.wrapped):
            text = json.dumps(text)
        return text.encode(self.encoding)


def _json(value: Any) -> str:
    if isinstance(value, Object):
        return "{" + ", ".join(f"{json.dumps(k)}: {_json(v)}" for k, v in value) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_json, value)) + "]"
    return json.dumps(value)


def _object(value: Any) -> Any:
    if isinstance(value, dict):
        return Object((name, _object(one)) for name, one in value.items())
    return [_object(one) for one in value] if isinstance(value, list) else value


def _inside(value: Any) -> Iterator[Object]:
    """Yield an object, and all that are in it."""
    if isinstance(value, Object):
        yield value
        for _, one in value:
            yield from _inside(one)
    elif isinstance(value, list):
        for one in value:
            yield from _inside(one)


def requests(routes: list[Route], mine: Things, theirs: Things) -> st.SearchStrategy[Said]:
    """Draw a request of one of the routes that is right, and say in it what is another's."""
    return st.sampled_from(routes).flatmap(lambda route: _of(route, mine, theirs))


@st.composite
def _of(draw: Any, route: Route, mine: Things, theirs: Things) -> Said:
    right = draw(st.sampled_from(list(asked.everything(route, mine))))
    path, _, text = right.path.partition("?")
    query, body = Object(parse_qsl(text, keep_blank_values=True)), _object(right.said or {})
    for _ in range(draw(st.sampled_from([1, 1, 1, 0, 2, 3]))):
        places = [*_inside(body), query] if body else [query, body]
        _insert(draw, draw(st.sampled_from(places)), route, theirs)
    return Said(
        draw(st.sampled_from(["GET", "HEAD"])) if route.reads else route.method,
        path,
        query,
        body,
        draw(st.sampled_from(_TYPES)) if draw(_RARELY) else _JSON,
        draw(st.sampled_from(_ENCODINGS)) if draw(_RARELY) else "utf-8",
        draw(st.integers(1, 2)) if draw(_RARELY) else 0,
    )


def _insert(draw: Any, place: Object, route: Route, theirs: Things) -> None:
    """Say another's thing there: which, by which name, how, and instead of what."""
    known = sorted(set(NAMES) & theirs.keys())
    here = {name for name, _ in place}
    own = [name for name in known if name in here or name in route.fields or name in route.rule]
    field = draw(st.sampled_from(known if draw(_RARELY) else own or known))
    twins = _TWINS.get(field, [])
    spelt = [field, _camel(field), *map(_camel, twins), *twins]
    spelt += route.fields.get(field, {}).get("spelt", [])
    if draw(_RARELY):
        del place[draw(st.integers(0, 9)) :]
    if draw(_SOMETIMES):
        place[:] = [one for one in place if one[0] != field]
    value = theirs[field] if draw(st.booleans()) else draw(_value(theirs[field]))
    place.insert(draw(_LATE) % (len(place) + 1), (draw(st.sampled_from(spelt)), value))


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def _value(value: Any) -> st.SearchStrategy[Any]:
    """Draw how a value may be written, and read, in another way."""
    if isinstance(value, list):
        return st.one_of(_value(value[0]).map(lambda one: [one]), _value(value[0]), st.just([]))
    forms: list[Any] = [[value], {"value": value}, None, "", f" {value}", f"{value}\n"]
    if value.isdigit():
        arabic, wide = ("".join(chr(zero + int(digit)) for digit in value) for zero in _ZEROS)
        forms += [f"0{value}", f"+{value}", f"{value}.0", f"{value}e0", arabic, wide]
        forms += [int(value), float(value), "0", 0]
    return st.sampled_from(forms)
