""".sops.yaml <-> the age recipients of each encrypted file. Comments and foreign rules stay.

A rule's recipients stand a line each, so that a comment behind one can say whose key it is.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any

from ruamel.yaml import events

from generator import yaml
from generator.environment import edit
from generator.errors import GenError, Problem
from generator.secrets.encrypted import ENCRYPTED_REGEX
from generator.yaml import Document, Location

PATH = PurePosixPath(".sops.yaml")

_RULES = "creation_rules"
_TITLE = '# Which age keys open which secrets. "gen secrets" keeps this file; sops reads it.\n'


def recipients(text: str, path: PurePosixPath) -> list[str]:
    """Return the age recipients of `path`: those of the first rule that matches, as sops does.

    Raises GenError when the text is no .sops.yaml, or that rule is not for age.
    """
    document = _read(text)
    index = _index(document, path)
    if index is None:
        return []
    keys = list(_keys(_rules(document)[index]))
    if not keys:
        message = f"this rule is for {path} and names no age recipient; put one for it before"
        raise GenError([Problem(PATH, document.line((_RULES, index)), message)])
    return keys


def add(text: str, path: PurePosixPath, keys: Iterable[str]) -> str:
    """Return `text`, which may be empty, with one more rule: `path` is for `keys`."""
    if not _rules(_read(text)):
        text = _ended(text or _TITLE) + f"{_RULES}:\n"
        end, column = len(text), 2
    else:
        document = _read(text)
        end, column = _end(document), document.starts[_RULES, 0].start_mark.column - 2
    pattern = "/".join(map(re.escape, path.parts)).replace(r"\-", "-")
    lines = [
        f"- path_regex: ^{pattern}$",
        f"  encrypted_regex: {ENCRYPTED_REGEX}",
        "  age:",
        *(f"    - {key}" for key in keys),
    ]
    return _ended(text[:end]) + "".join(f"{' ' * column}{line}\n" for line in lines) + text[end:]


def _ended(text: str) -> str:
    """`text`, its last line complete."""
    return text if text.endswith("\n") else f"{text}\n"


def assign(text: str, path: PurePosixPath, keys: list[str]) -> str:
    """Return `text` with `keys` as the recipients of the rule for `path`."""
    document = _read(text)
    index = _index(document, path)
    if index is None:
        return add(text, path, keys)
    location = (_RULES, index, "age")
    old: Any = _rules(document)[index].get("age")
    if not _one_a_line(document, location, old):
        return edit.assign(text, {location: keys})
    lines = text.splitlines(keepends=True)
    last = document.line((*location, len(old) - 1))
    indent = " " * (document.starts[*location, 0].start_mark.column - 2)
    lines[last - 1] = lines[last - 1].rstrip("\n") + "\n"
    lines[last:last] = [f"{indent}- {key}\n" for key in keys if key not in old]
    gone = {document.line((*location, at)) for at, key in enumerate(old) if key not in keys}
    return "".join(line for number, line in enumerate(lines, 1) if number not in gone)


def _one_a_line(document: Document, location: Location, old: Any) -> bool:
    """Whether the recipients are a list whose items each have a line, behind a dash."""
    if not isinstance(old, list) or not old:
        return False
    numbers = [document.line((*location, at)) for at in range(len(old))]
    lines = document.text.splitlines()
    return len(set(numbers)) == len(old) and all(
        lines[number - 1].lstrip().startswith("- ") for number in numbers
    )


def _read(text: str) -> Document:
    try:
        document = yaml.read(text)
    except yaml.Invalid as error:
        raise GenError(Problem(PATH, line, message) for line, message in error.errors) from None
    if document.values is not None and not _is_list_of_rules(document):
        message = f"{_RULES}: must be a list, one rule a line behind -"
        raise GenError([Problem(PATH, document.line((_RULES,)), message)])
    return document


def _is_list_of_rules(document: Document) -> bool:
    rules = document.values.get(_RULES) if isinstance(document.values, dict) else None
    flow = isinstance(rules, list) and document.starts[_RULES,].flow_style
    return isinstance(rules, list) and not flow and all(isinstance(rule, dict) for rule in rules)


def _rules(document: Document) -> list[dict[str, Any]]:
    values: Any = document.values
    return list(values[_RULES]) if values else []


def _index(document: Document, path: PurePosixPath) -> int | None:
    """Which rule sops uses for `path`."""
    for index, rule in enumerate(_rules(document)):
        pattern = str(rule.get("path_regex", ""))
        try:
            if re.search(pattern, str(path)):
                return index
        except re.error as error:
            line = document.line((_RULES, index, "path_regex"))
            message = f"path_regex: {pattern!r} is no regular expression: {error}"
            raise GenError([Problem(PATH, line, message)]) from None
    return None


def _keys(rule: dict[str, Any]) -> Iterator[str]:
    """A rule's recipients: a list, or one text with commas."""
    age = rule.get("age") or []
    for entry in age if isinstance(age, list) else [age]:
        yield from (key.strip() for key in str(entry).split(",") if key.strip())


def _end(document: Document) -> int:
    """Where the line ends that ends the last rule."""
    last = max(
        event.end_mark.index
        for location, event in document.starts.items()
        if location[0:1] == (_RULES,) and isinstance(event, events.ScalarEvent)
    )
    end = document.text.find("\n", len(document.text[:last].rstrip()))
    return len(document.text) if end < 0 else end + 1
