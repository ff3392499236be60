"""Change values of an environment file and leave every other byte as it is."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from generator import environment, files, yaml
from generator.errors import GenError, Problem
from generator.yaml import Document, Location

Value = str | int | None | Sequence[str]

_INDENT = 2


def assign(text: str, values: Mapping[Location, Value]) -> str:
    """Return `text` with each location set to its value; a missing key is added.

    Comments, order, quotes and blank lines stay. Raises yaml.Invalid when `text` is no YAML.
    """
    for location, value in values.items():
        document = yaml.read(text)
        start, end, new = (
            _replacement(document, location, value)
            if location in document.starts
            else _addition(document, location, value)
        )
        text = text[:start] + new + text[end:]
    return text


def _replacement(document: Document, location: Location, value: Value) -> tuple[int, int, str]:
    """Where the old value stands, and the new one's text."""
    start, end = _span(document, location)
    old = document.text[start:end]
    if start == end:  # an empty value: `key:`
        return start, end, " " + _written(value)
    if location in document.ends and old[0] not in "[{" and isinstance(value, Sequence):
        return start, end, _block(value, document.starts[location].start_mark.column)
    return start, end, _written(value, like=old)


def _addition(document: Document, location: Location, value: Value) -> tuple[int, int, str]:
    """Where a missing key belongs, after its last sibling, and its text."""
    depth = len(location) - 1
    while location[:depth] not in document.starts:
        depth -= 1
    parent, keys = location[:depth], location[depth:]
    start, end = _span(document, parent)
    if document.text[start : start + 1] == "{":
        comma = ", " if document.text[start + 1 : end - 1].strip() else ""
        flow = "".join(f"{key}: {{" for key in keys[:-1]) + f"{keys[-1]}: {_written(value)}"
        return end - 1, end - 1, comma + flow + "}" * (len(keys) - 1)
    siblings = [child for child in document.keys if child[:-1] == parent]
    column = (
        document.keys[siblings[0]].start_mark.column
        if siblings
        else document.keys[parent].start_mark.column + _INDENT
    )
    at = _end_of_line(document.text, end)
    return at, at, _lines(keys, value, column)


def _lines(keys: Location, value: Value, column: int) -> str:
    """A key in a line of its own, below the parents that are missing too."""
    lines = [f"{' ' * (column + _INDENT * i)}{key}:" for i, key in enumerate(keys)]
    return "".join(f"\n{line}" for line in lines) + f" {_written(value)}"


def _block(items: Sequence[str], column: int) -> str:
    return f"\n{' ' * column}".join(f"- {_written(item)}" for item in items) if items else "[]"


def _span(document: Document, location: Location) -> tuple[int, int]:
    """The first and the last position of a value's text, comments behind it not counted."""
    event = document.starts[location]
    if location not in document.ends:
        return event.start_mark.index, event.end_mark.index
    if document.text[event.start_mark.index : event.start_mark.index + 1] in ("[", "{"):
        return event.start_mark.index, document.ends[location].end_mark.index
    last = max(
        _span(document, child)[1]
        for child in document.starts
        if child[:-1] == location and child != location
    )
    return event.start_mark.index, last


def _end_of_line(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text.rstrip("\n")) if end < 0 else end


def _written(value: Value, like: str = "") -> str:
    """A value in one line, in the quotes that the old one, `like`, had."""
    if not isinstance(value, str | int | None):
        return f"[{', '.join(map(_written, value))}]"
    if isinstance(value, str) and (like.startswith('"') or not value.isprintable()):
        return f'"{"".join(map(_escaped, value))}"'
    if isinstance(value, str) and (like.startswith("'") or re.search(r"[,\[\]{}]", value)):
        return "'" + value.replace("'", "''") + "'"
    return yaml.dump({"": value}).removeprefix("'': ").rstrip("\n")


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    return character if character.isprintable() else f"\\U{ord(character):08x}"


def write(
    root: Path, edits: Mapping[str, Mapping[Location, Value]], source: str | None = None
) -> None:
    """Edit the environments' files, or a copy of `source`'s. All are checked before one is written.

    Raises GenError when a result would be wrong, and writes nothing then.
    """
    texts = {}
    for name, values in edits.items():
        environment.check_name(name)
        text = environment.text(root, source or name)
        environment.parse(source or name, text)
        texts[name] = assign(_retitled(text, name, source) if source else text, values)
        if source and (root / environment.path(name)).exists():
            raise GenError([Problem(environment.path(name), None, "is there already; edit it")])
    environment.load(root, texts, texts)
    for name, text in texts.items():
        try:
            files.replace(root / environment.path(name), text)
        except OSError as error:
            message = f"could not be written: {error.strerror or error}"
            raise GenError([Problem(environment.path(name), None, message)]) from None


def _retitled(text: str, name: str, source: str) -> str:
    """Let the comment on top, which describes the source, say where the copy comes from."""
    comment = f"#\n# {name}, made from {source}.\n"
    return re.sub(r"\A(# yaml-language-server.*\n)?(#.*\n)*", rf"\1{comment}", text)
