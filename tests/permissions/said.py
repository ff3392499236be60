"""A route -> requests that name a thing of one's own and one of another's, in every way."""

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
_SOMETIMES = st.integers(0, 4).map(lambda number: number == 4)
_ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32")

_SENT = st.one_of(
    st.fixed_dictionaries({"type": st.sampled_from(_TYPES)}),
    st.fixed_dictionaries({"encoding": st.sampled_from(_ENCODINGS)}),
    st.fixed_dictionaries({"wrapped": st.integers(1, 2)}),
).map(lambda drawn: {"type": _JSON, "encoding": "utf-8", "wrapped": 0} | drawn)

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
    numbered = [route for route in routes if {"experiment_id", "experiment_ids"} & {*route.fields}]
    one = st.one_of(st.sampled_from(routes), st.sampled_from(numbered))
    return one.flatmap(lambda route: _of(route, mine, theirs))


@st.composite
def _of(draw: Any, route: Route, mine: Things, theirs: Things) -> Said:
    right = draw(st.sampled_from(list(asked.everything(route, mine))))
    path, _, text = right.path.partition("?")
    query, body = Object(parse_qsl(text, keep_blank_values=True)), _object(right.said or {})
    said = query if route.reads else body
    sent = {"type": _JSON, "encoding": "utf-8", "wrapped": 0}
    for _ in range(draw(st.sampled_from([1, 1, 1, 2]))):
        known = sorted(set(NAMES) & theirs.keys())
        own = [one for one in known if one in route.fields or f"<{one}>" in route.rule]
        field = draw(st.sampled_from(known if draw(_RARELY) else own or known))
        thing = _Named(field, mine[field], theirs[field], route.fields.get(field, {}))
        way = draw(st.sampled_from(_WAYS))
        way(draw, thing, said, body if route.reads else query)
    if draw(_SOMETIMES):
        sent = draw(_SENT)
    method = draw(st.sampled_from(["GET", "HEAD"])) if route.reads else route.method
    return Said(method, path, query, body, **sent)


@dataclass(frozen=True)
class _Named:
    """A field, and what it may name."""

    field: str
    mine: Any
    theirs: Any
    declared: dict[str, Any]

    @property
    def spelt(self) -> list[str]:
        """Its other names, and those of its twin."""
        twins = _TWINS.get(self.field, [])
        known = [*twins, *map(_camel, (self.field, *twins)), *self.declared.get("spelt", [])]
        return [name for name in known if name != self.field] or [self.field.upper()]


def _by_another_name(draw: Any, thing: _Named, said: Object, other: Object) -> None:
    _insert(
        draw, draw(st.sampled_from([*_inside(said)])), draw(st.sampled_from(thing.spelt)), thing
    )


def _twice(draw: Any, thing: _Named, said: Object, other: Object) -> None:
    _insert(draw, draw(st.sampled_from([*_inside(said)])), thing.field, thing)


def _elsewhere(draw: Any, thing: _Named, said: Object, other: Object) -> None:
    """The query's field in the body, or the body's in the query: one is one's own."""
    here, there = draw(st.permutations([thing.mine, thing.theirs]))
    said[:] = [pair for pair in said if pair[0] != thing.field]
    if draw(st.booleans()):
        said.append((thing.field, here))
    other.append((thing.field, there))


def _otherwise(draw: Any, thing: _Named, said: Object, other: Object) -> None:
    said[:] = [pair for pair in said if pair[0] != thing.field]
    said.append((thing.field, draw(_value(thing.theirs))))


def _not_at_all(draw: Any, thing: _Named, said: Object, other: Object) -> None:
    said[:] = [pair for pair in said if pair[0] != thing.field]


_WAYS = (_by_another_name, _twice, _elsewhere, _otherwise, _not_at_all)


def _insert(draw: Any, place: Object, name: str, thing: _Named) -> None:
    place.insert(draw(st.sampled_from([0, len(place)])), (name, thing.theirs))
    if draw(_RARELY):
        place[:] = [pair for pair in place if pair[0] != thing.field]


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
