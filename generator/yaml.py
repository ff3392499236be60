"""The one place that reads and writes YAML: text -> Document, values -> text.

Both go through the events of ruamel.yaml's C parser and emitter. One pass over the events of an
environment file gives its values, the line of every key and what a plain values file may not
hold; a loader would need a second, slower pass for the lines. Writing events leaves the one choice
that matters, when a string is quoted, to us.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import StringIO
from typing import Any

from _ruamel_yaml import CEmitter, CParser  # the C part of ruamel.yaml
from ruamel.yaml import events
from ruamel.yaml.error import MarkedYAMLError, YAMLError

Location = tuple[str | int, ...]
"""Where a value stands: the keys and list positions that lead to it."""


@dataclass(frozen=True)
class Document:
    """What a YAML text says, and where it says it."""

    text: str
    values: object
    keys: Mapping[Location, Any]
    """The event of every mapping key."""
    starts: Mapping[Location, Any]
    """The event that starts every value."""
    ends: Mapping[Location, Any]
    """The event that ends every list and mapping."""

    def line(self, location: Location) -> int:
        """Return the line, from 1, of `location` or of what comes closest to it here."""
        while location and location not in self.starts:
            location = location[:-1]
        event = self.keys.get(location) or self.starts.get(location)
        return _line(event) if event else 1

    def plain(self, location: Location) -> str | None:
        """Return an unquoted scalar as it is written: `3.10` is 3.1, but was it meant so?"""
        event = self.starts.get(location)
        is_plain = isinstance(event, events.ScalarEvent) and event.implicit[0]
        return str(event.value) if event and is_plain else None


class Invalid(Exception):
    """The text is not what `read` accepts. Each error is a line, from 1, and a message."""

    def __init__(self, *errors: tuple[int, str]) -> None:
        super().__init__(errors)
        self.errors = errors


def read(text: str) -> Document:
    """Parse one plain YAML document: no anchors, aliases, merge keys or tags, no key twice.

    Scalars are typed by YAML 1.2's core schema. Raises Invalid with everything that is wrong.
    """
    reader = _Reader()
    try:
        values = reader.document(CParser(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if error.problem == _NO_COLON:  # noticed behind the line that lacks it
            mark = error.context_mark or mark
        problem = f"{error.problem}{_CURES.get(str(error.problem), '')}"
        raise Invalid(*reader.errors, (mark.line + 1 if mark else 1, problem)) from None
    except YAMLError as error:
        raise Invalid(*reader.errors, (1, str(error).splitlines()[0])) from None
    except RecursionError:
        raise Invalid((1, "is nested too deeply: hundreds of lists or mappings")) from None
    if reader.errors:
        raise Invalid(*reader.errors)
    return Document(text, values, reader.keys, reader.starts, reader.ends)


def split(text: str) -> list[tuple[int, str]]:
    """Return the text of every document of `text`, and its first line, from 1.

    In YAML, --- at the start of a line starts a document wherever it stands, in a scalar too.
    """
    documents, line = [], 1
    for document in _DOCUMENT.split(text):
        if any(part and part != "---" and part[0] != "#" for part in document.split("\n")):
            documents.append((line, document))
        line += document.count("\n")
    return documents


_DOCUMENT = re.compile(r"^(?=---(?:\s|$))", re.M)


_NO_COLON = "could not find expected ':'"

# The C parser's words, and what usually is behind them.
_CURES = {
    "found unexpected ':'": "; close the bracket before it, or put text that holds a : in quotes",
    "mapping values are not allowed in this context": "; the line has a second :, or the wrong "
    "indentation: put text that holds a : in quotes",
    _NO_COLON: "; write key: value, with a space behind the :",
    "did not find expected key": "; check the indentation here and above",
    "did not find expected node content": "; a value is missing before this",
    "did not find expected ',' or ']'": "; close the list with ]",
    "did not find expected ',' or '}'": "; close the mapping with }",
    "found character that cannot start any token": "; put text that starts with it in quotes",
    "found unexpected end of stream": "; a quote is never closed",
}


def conflict(text: str) -> int | None:
    """Return the line, from 1, where Git left a merge conflict; None where it left none."""
    found = _CONFLICT.search(text)
    return text.count("\n", 0, found.start()) + 1 if found else None


_CONFLICT = re.compile("^(<{7}|={7}|>{7})", re.MULTILINE)


def _line(event: Any) -> int:
    line: int = event.start_mark.line
    return line + 1


class _Reader:
    """Build values from events, noting where they are and what is refused."""

    def __init__(self) -> None:
        self.keys: dict[Location, Any] = {}
        self.starts: dict[Location, Any] = {}
        self.ends: dict[Location, Any] = {}
        self.errors: list[tuple[int, str]] = []

    def document(self, parser: Any) -> object:
        parser.get_event()  # the start of the stream
        if parser.check_event(events.StreamEndEvent):
            return None
        parser.get_event()  # the start of the document
        values = self.value(parser, parser.get_event(), ())
        parser.get_event()
        if not parser.check_event(events.StreamEndEvent):
            line = _line(parser.peek_event())
            self.errors.append((line, "a second document starts here; keep one in a file"))
        return values

    def value(self, parser: Any, event: Any, location: Location) -> object:
        self.starts[location] = event
        if isinstance(event, events.AliasEvent):
            self.errors.append((_line(event), f"*{event.anchor}: an alias; write the value out"))
            return None
        if event.anchor:
            self.errors.append((_line(event), f"&{event.anchor}: an anchor; write the value out"))
        if isinstance(event, events.ScalarEvent):
            return self.scalar(event)
        if isinstance(event, events.SequenceStartEvent):
            return self.sequence(parser, location)
        return self.mapping(parser, location)

    def scalar(self, event: Any) -> object:
        plain, quoted = event.implicit
        if not plain and not quoted:
            self.errors.append((_line(event), f"{event.tag}: a tag; leave it out"))
        return _typed(event.value) if plain else event.value

    def sequence(self, parser: Any, location: Location) -> list[object]:
        items: list[object] = []
        while not parser.check_event(events.SequenceEndEvent):
            items.append(self.value(parser, parser.get_event(), (*location, len(items))))
        self.ends[location] = parser.get_event()
        return items

    def mapping(self, parser: Any, location: Location) -> dict[str, object]:
        values: dict[str, object] = {}
        while not parser.check_event(events.MappingEndEvent):
            event = parser.get_event()
            key = self.key(parser, event)
            inside = (*location, key)
            if key in values:
                first = _line(self.keys[inside])
                self.errors.append((_line(event), f"{key}: is already on line {first}; keep one"))
            self.keys.setdefault(inside, event)
            values[key] = self.value(parser, parser.get_event(), inside)
        self.ends[location] = parser.get_event()
        return values

    def key(self, parser: Any, event: Any) -> str:
        if not isinstance(event, events.ScalarEvent):
            self.value(parser, event, ("",))
            self.errors.append((_line(event), "a list or a mapping cannot be a key"))
            return ""
        if event.value == "<<" and event.implicit[0]:
            self.errors.append((_line(event), "<<: a merge key; write the values out"))
        return str(event.value)


_CONSTANTS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.inf|\.nan", re.I)


def _typed(plain: str) -> object:
    """The value of an unquoted scalar."""
    if plain in _CONSTANTS:
        return _CONSTANTS[plain]
    if len(plain) > 300:  # no number that a field could take, and Python refuses long ones
        return plain
    if _INT.fullmatch(plain):
        return int(plain)
    if _FLOAT.fullmatch(plain):
        return float(plain.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return plain


def dump(*documents: object) -> str:
    """Return YAML that a YAML 1.1 reader (Kubernetes) and a 1.2 reader take for the same values.

    A document is made of dicts, lists, strings, ints, bools and None. Nothing is folded, sorted
    or anchored.
    """
    out = StringIO()
    emitter = CEmitter(out, width=1 << 30, allow_unicode=True)
    emitter.emit(events.StreamStartEvent())
    for number, document in enumerate(documents):
        emitter.emit(events.DocumentStartEvent(explicit=number > 0))
        _emit(emitter.emit, document)
        emitter.emit(events.DocumentEndEvent(explicit=False))
    emitter.emit(events.StreamEndEvent())
    return out.getvalue()


def _emit(emit: Callable[[events.Event], None], value: object) -> None:
    """Hand the events of a value to the emitter. The types come in the order of their number."""
    if isinstance(value, str):
        emit(_scalar(value))
    elif isinstance(value, Mapping):
        emit(events.MappingStartEvent(None, None, True, flow_style=not value))
        for key, item in value.items():
            _emit(emit, key)
            _emit(emit, item)
        emit(_MAPPING_END)
    elif value is None or isinstance(value, int):
        emit(events.ScalarEvent(None, None, (True, False), _plain(value)))
    elif isinstance(value, Sequence):
        emit(events.SequenceStartEvent(None, None, True, flow_style=not value))
        for item in value:
            _emit(emit, item)
        emit(_SEQUENCE_END)
    else:
        raise TypeError(f"{type(value).__name__} has no form in a manifest: {value!r}")


@lru_cache(1 << 12)  # environments have nearly all their words in common
def _scalar(text: str) -> events.Event:
    return events.ScalarEvent(None, None, (True, True), text, style=_style(text))


_MAPPING_END, _SEQUENCE_END = events.MappingEndEvent(), events.SequenceEndEvent()


def _plain(value: bool | int | None) -> str:
    return "null" if value is None else str(value).lower()


# Plain, these arrive in Kubernetes as booleans and nulls.
_WORDS = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nil"])
_BREAKS = re.compile("[\r\x85\u2028\u2029]")  # line breaks in YAML 1.1 only: escaped
_QUANTITY = re.compile(r"[0-9]+(m|s|h|Ki|Mi|Gi|Ti)")


def _style(text: str) -> str | None:
    """How a string is written: None lets the emitter keep it plain where that is safe.

    Plain is what starts as a word or a path, a quantity and a CIDR. Everything else is quoted:
    readers differ on what is a number, a base-60 number or a date.
    """
    if _BREAKS.search(text):
        return '"'
    if "\n" in text:
        return "|"
    if text[:1].isalpha():
        return "'" if text.lower() in _WORDS else None
    if _QUANTITY.fullmatch(text) or "/" in text:
        return None
    return "'"
