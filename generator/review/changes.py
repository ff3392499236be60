"""The objects of both sides -> the changes between them."""

from collections.abc import Iterator, Mapping
from typing import Any

from generator.review import differences
from generator.review.differences import Field
from generator.review.model import Applied, Change, Side

_SECRET_FIELDS = ("data", "stringData")
HIDDEN = "(hidden)"
"""What stands for a secret's value, encrypted ones included."""


def changes(before: Side, after: Side) -> tuple[Change, ...]:
    """Return what is created, updated or deleted, in the order in which the sides hold it."""
    names = [_names(before), _names(after)]
    found = []
    for key in dict.fromkeys((*before.index, *after.index)):
        old, new = before.index.get(key), after.index.get(key)
        if old is None or new is None:
            found.append(Change(old, new))
            continue
        differing = tuple(_fields(old, new, *names))
        if differing or _is_moved(old, new) or old.values != new.values:
            found.append(Change(old, new, differing))
    return tuple(found)


def _is_moved(old: Applied, new: Applied) -> bool:
    return old.owner != new.owner


Names = Mapping[str, str]


def _names(side: Side) -> Names:
    """Every hashed name of a side, and the name without its hash."""
    return {item.full_name: item.name for item in side.objects if item.full_name != item.name}


def _fields(old: Applied, new: Applied, before: Names, after: Names) -> Iterator[Field]:
    sides = _plain(old.values, before), _plain(new.values, after)
    if old.kind != "Secret":
        yield from differences.fields(*sides)
        return
    for field in differences.fields(*sides):
        top = field.path.partition(".")[0].partition("[")[0]
        if top in _SECRET_FIELDS:
            yield Field(field.path, _hidden(field.before), _hidden(field.after))
        elif top != "sops":  # who may decrypt, and a checksum
            yield field


def _hidden(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict.fromkeys(value, HIDDEN)
    return None if value is None else HIDDEN


def _plain(value: Any, names: Names) -> Any:
    """The same values, hashed names replaced wherever they stand alone."""
    if isinstance(value, Mapping):
        return {key: _plain(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, names) for item in value]
    return names.get(value, value) if isinstance(value, str) else value
