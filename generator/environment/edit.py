"""Change or remove values of an environment file and leave every other byte as it is."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from generator import environment, files, yaml
from generator.errors import GenError, Problem
from generator.yaml import Document, Location

Value = str | int | None | Sequence[str]

_INDENT = 2


class Impossible(Exception):
    """The edit is none that leaves the rest as it is; the message says what to do."""


def assign(text: str, values: Mapping[Location, Value]) -> str:
    """Return `text` with each location set to its value; a missing key is added.

    Comments, order, quotes and blank lines stay. Raises yaml.Invalid when `text` is no YAML.
    """
    if _is_windows(text):
        return assign(text.replace("\r\n", "\n"), values).replace("\n", "\r\n")
    for location, value in values.items():
        document = yaml.read(text)
        if _says(document, location, value):
            continue
        start, end, new = (
            _replacement(document, location, value)
            if location in document.starts
            else _addition(document, location, value)
        )
        text = text[:start] + new + text[end:]
    return text


def remove(text: str, locations: Iterable[Location]) -> str:
    """Return `text` without these locations, and without a mapping or list that this empties.

    A comment behind a removed value goes with it; every other stays. What is not there stays away.
    """
    if _is_windows(text):
        return remove(text.replace("\r\n", "\n"), locations).replace("\n", "\r\n")
    for location in locations:
        document = yaml.read(text)
        if location in document.starts:
            start, end = _removal(document, location)
            text = text[:start] + text[end:]
    return text


def _is_windows(text: str) -> bool:
    return "\r\n" in text and text.count("\r\n") == text.count("\n")


def _says(document: Document, location: Location, value: Value) -> bool:
    """Whether the location has this very value already, however it is written."""
    if location not in document.starts:
        return False
    found: Any = document.values
    for part in location:
        found = found[part]
    wanted = value if isinstance(value, str | int | None) else list(value)
    return type(found) is type(wanted) and bool(found == wanted)


def _removal(document: Document, location: Location) -> tuple[int, int]:
    """Where the text of a value starts and ends, with its key and what separates it."""
    parent, text = location[:-1], document.text
    siblings = [child for child in document.starts if child and child[:-1] == parent]
    if siblings == [location] and parent:
        return _removal(document, parent)
    event = document.keys.get(location) or document.starts[location]
    start, end = event.start_mark.index, _span(document, location)[1]
    if text[document.starts[parent].start_mark.index] in "[{":
        return _flow_removal(text, start, end)
    return text.rfind("\n", 0, start) + 1, min(_end_of_line(text, end) + 1, len(text))


def _flow_removal(text: str, start: int, end: int) -> tuple[int, int]:
    """The comma behind goes too; of the last value, the comma in front."""
    if behind := re.compile(r"\s*,[ \t]*").match(text, end):
        return start, behind.end()
    front = re.search(r"\s*,\s*\Z", text[:start])
    return (front.start() if front else start), end


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
    if isinstance(location[-1], int):
        key = ".".join(map(str, location[:-1]))
        raise Impossible(f"{key}[{location[-1]}]: is not there; give the whole list: {key}=[a,b]")
    depth = len(location) - 1
    while location[:depth] not in document.starts:
        depth -= 1
    parent, keys = location[:depth], location[depth:]
    start, end = _span(document, parent)
    if document.text[start : start + 1] == "{":
        comma = ", " if document.text[start + 1 : end - 1].strip() else ""
        flow = "".join(f"{_key(key)}: {{" for key in keys[:-1]) + f"{_key(keys[-1])}: "
        flow += _written(value)
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
    lines = [f"{' ' * (column + _INDENT * i)}{_key(key)}:" for i, key in enumerate(keys)]
    return "".join(f"\n{line}" for line in lines) + f" {_written(value)}"


def _key(key: str | int) -> str:
    """A key that is new: a tag's name may hold anything."""
    return _written(str(key), like="" if re.fullmatch(r"[\w./-]+", str(key), re.ASCII) else "'")


def _block(items: Sequence[str], column: int) -> str:
    return f"\n{' ' * column}".join(f"- {_written(item)}" for item in items) if items else "[]"


def _span(document: Document, location: Location) -> tuple[int, int]:
    """The first and the last position of a value's text, comments behind it not counted."""
    event = document.starts[location]
    if location not in document.ends:
        start, end = event.start_mark.index, event.end_mark.index
        return start, end - _behind_block(document.text[start:end])
    if document.text[event.start_mark.index : event.start_mark.index + 1] in ("[", "{"):
        return event.start_mark.index, document.ends[location].end_mark.index
    last = max(
        _span(document, child)[1]
        for child in document.starts
        if child[:-1] == location and child != location
    )
    return event.start_mark.index, last


def _behind_block(text: str) -> int:
    """How much of a value's text is layout: a block's (| or >) last line break and, unless its
    header has a +, the blank lines behind it.
    """
    keeps = re.match(r"[|>][0-9-]*\+", text)
    behind = re.search(r"\n\Z" if keeps else r"(\n[ \t]*)+\Z", text)
    return len(behind[0]) if behind else 0


def _end_of_line(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text.rstrip("\n")) if end < 0 else end


def _written(value: Value, like: str = "") -> str:
    """A value in one line, in the quotes that the old one, `like`, had."""
    if not isinstance(value, str | int | None):
        return f"[{', '.join(map(_item, value))}]"
    if isinstance(value, str) and (like.startswith('"') or not value.isprintable()):
        return f'"{"".join(map(_escaped, value))}"'
    if isinstance(value, str) and (like.startswith("'") or re.search(r"[,\[\]{}]|\A\W", value)):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, str) and like and _stays_text(value):
        return value
    return yaml.dump({"": value}).removeprefix("'': ").rstrip("\n")


def _item(value: str) -> str:
    """An item of a list in brackets, where a colon must stand in quotes."""
    return _written(value, "'" if ":" in value else "")


def _stays_text(value: str) -> bool:
    """Whether a text is read as one without quotes, which the old one had not either."""
    is_word = re.fullmatch(r"\w[\w./-]*", value, re.ASCII)
    return bool(is_word) and yaml.read(value).values == value


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
