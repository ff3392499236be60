"""pydantic's errors -> what is wrong in the file, in its own words, with the cure."""

import difflib
import re
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from generator.environment.base import without_none
from generator.environment.model import Values
from generator.yaml import Document, Location

_KINDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "tuple_type": "a list, one item a line behind -, or [] for none",
    "list_type": "a list",
    "dict_type": "a mapping of names to values",
    "model_type": "a mapping of keys to values",
    "model_attributes_type": "a mapping of keys to values",
}
_LIMITS = {
    "greater_than_equal": ("ge", "at least"),
    "less_than_equal": ("le", "at most"),
    "too_long": ("max_length", "at most"),
}

# What design has a word for and no code yet: refused in one clear line.
_LATER: dict[Location, set[str]] = {
    ("apps", "mlflow", "database", "kind"): {"azure"},
}


def findings(error: ValidationError, document: Document) -> Iterator[tuple[Location, str]]:
    """Yield where each error is and what it is."""
    for detail in error.errors(include_url=False):
        location = tuple(part for part in detail["loc"] if part != "[key]")
        yield location, _message(detail, location, document)


def _message(error: ErrorDetails, location: Location, document: Document) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return f"unknown key{nearest(location, _fields(location[:-1]))}"
    if kind == "missing":
        return f"is missing; add it: {_description(location)}"
    if kind == "literal_error":
        return _choice(error, location, document.plain(location))
    if kind in _KINDS:
        return _wrong_kind(_KINDS[kind], error["input"], document.plain(location))
    if kind in _LIMITS:
        limit, words = _LIMITS[kind]
        given = error["input"]
        count = given if isinstance(given, int | float) else f"{len(given)} entries"
        return f"{count}: must be {words} {context[limit]}"
    return error["msg"].removeprefix("Value error, ")


def _choice(error: ErrorDetails, location: Location, plain: str | None) -> str:
    """One of a few words was expected."""
    expected = str(error["ctx"]["expected"])
    words = [word.strip("'") for word in expected.replace(" or ", ", ").split(", ")]
    value = error["input"]
    if value in _LATER.get(location, ()):
        return f"{value} is not available yet; use {' or '.join(words)}"
    if not isinstance(value, str) and plain in words:
        return _wrong_kind("text", value, plain)
    hint = nearest((str(value),), words) if isinstance(value, str) else ""
    return f"{plain or repr(value)}: must be {' or '.join(words)}{hint}"


def _wrong_kind(expected: str, value: object, plain: str | None) -> str:
    if value is None:
        return f"is empty; must be {expected}"
    if expected == "text" and plain is not None:
        read = "true or false" if isinstance(value, bool) else "a number"
        return f'{plain} is read as {read}; put it in quotes: "{plain}"'
    return f"must be {expected}, not {_noun(value)}"


def _noun(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return f"the number {value}"
        case str():
            return f"the text {value!r}" if len(value) < 60 else "text"
        case list():
            return "a list"
        case _:
            return "a mapping"


def nearest(location: Location, known: Any) -> str:
    """Return the key or word that was probably meant, or all that are known."""
    near = _closest(str(location[-1]), list(known))
    return f"; did you mean {near[0]}?" if near else f"; known here: {', '.join(known)}"


def _closest(word: str, known: list[str]) -> list[str]:
    """The one that is nearest, if any is: a version by its numbers, a word by its letters."""
    if all(map(_VERSION.fullmatch, [word, *known])):
        return [min(known, key=lambda one: _distance(one, word))]
    return difflib.get_close_matches(word, known, n=1)


_VERSION = re.compile(r"[0-9]+\.[0-9]+")


def _distance(version: str, other: str) -> list[int]:
    pairs = zip(version.split("."), other.split("."), strict=True)
    return [abs(int(one) - int(another)) for one, another in pairs]


def _fields(location: Location) -> list[str]:
    """The keys that the model at `location` has."""
    model: Any = Values
    for part in location:
        model = without_none(model.model_fields[part].annotation)
    return list(model.model_fields)


def _description(location: Location) -> str:
    """What a field is for, in one sentence; of a mapping, what the mapping is."""
    model: Any = Values
    for part in location[:-1]:
        model = without_none(model.model_fields[part].annotation)
    field = model.model_fields[location[-1]]
    text = str(field.description or field.annotation.__doc__)
    return text.partition(".")[0].replace("\n", " ")


def key(location: Location) -> str:
    """Return a location as people write it: `cluster.admins[0]`."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
