"""Values -> the reference page for people: every key, its type, its default and its meaning."""

import types as python
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from pydantic_core import PydanticUndefined

from generator.environment.base import Model, without_none
from generator.environment.model import Values
from generator.environment.types import Text

_TOP = """\
# Values

Every key of `environments/<name>.yaml`. This page is what `gen schema --format markdown` prints.
A key without a default must be given. An unknown key is an error.

| key | type | default | meaning |
|---|---|---|---|
"""


def markdown() -> str:
    """Return the page."""
    return _TOP + "".join(f"| {' | '.join(row)} |\n" for row in _rows(Values, ""))


def _rows(model: type[Model], prefix: str) -> Iterator[tuple[str, str, str, str]]:
    for name, field in model.model_fields.items():
        inner = without_none(field.annotation)
        if isinstance(inner, type) and issubclass(inner, Model):
            if field.annotation is not inner:
                yield f"`{prefix}{name}`", "mapping", "none", str(field.description)
            yield from _rows(inner, f"{prefix}{name}.")
            continue
        words = [item.words for item in field.metadata if isinstance(item, Text)]
        meaning = str(field.description).replace("\n", " ").replace("|", "\\|")
        yield f"`{prefix}{name}`", words[0] if words else _type(inner), _default(field), meaning


def _type(annotation: Any) -> str:
    """A type in a word or two."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(f"`{choice}`" for choice in arguments)
    if origin is python.UnionType:
        return _type(arguments[0])
    if origin is tuple:
        return "list"
    if origin is dict:
        return "mapping"
    return {int: "whole number", bool: "`true` or `false`"}.get(annotation, "text")


def _default(field: Any) -> str:
    if field.default is PydanticUndefined:
        return ""
    if field.default is None:
        return "none"
    if isinstance(field.default, bool):
        return f"`{str(field.default).lower()}`"
    value = list(field.default) if isinstance(field.default, tuple) else field.default
    return f"`{value}`"
