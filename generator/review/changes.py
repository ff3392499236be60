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
    found = []
    for key in dict.fromkeys((*before.index, *after.index)):
        old, new = before.index.get(key), after.index.get(key)
        if old is None or new is None:
            found.append(Change(old, new))
        elif differing := tuple(_fields(old, new, before, after)):
            found.append(Change(old, new, differing))
    return tuple(found)


def _fields(old: Applied, new: Applied, before: Side, after: Side) -> Iterator[Field]:
    if old.owner != new.owner:
        yield Field("(Kustomization)", old.owner, new.owner)
    for field in between(old.values, new.values, before, after):
        top = field.path.partition(".")[0].partition("[")[0]
        if old.kind == "Secret" and top in _SECRET_FIELDS:
            yield Field(field.path, _hidden(field.before), _hidden(field.after))
        elif old.kind != "Secret" or top != "sops":  # who may decrypt, and a checksum
            yield field


def between(old: Any, new: Any, before: Side, after: Side) -> Iterator[Field]:
    """Yield the fields that differ; names that differ by their hashes alone, as one field."""
    yield from differences.fields(plain(old, before.names), plain(new, after.names))
    hashed = [sorted(_hashed(old, before.names)), sorted(_hashed(new, after.names))]
    if hashed[0] != hashed[1]:
        names = [
            [name for name in side if name not in hashed[1 - i]] for i, side in enumerate(hashed)
        ]
        yield Field("(hashes)", ", ".join(names[0]), ", ".join(names[1]))


def _hashed(value: Any, names: Mapping[str, str]) -> set[str]:
    """The names with a hash that stand somewhere in a value, but for an object's own."""
    if isinstance(value, Mapping):
        inside = (item for key, item in value.items() if key != "metadata")
        return set[str]().union(*(_hashed(item, names) for item in inside))
    if isinstance(value, list):
        return set[str]().union(*(_hashed(item, names) for item in value))
    return {value} if isinstance(value, str) and value in names else set()


def _hidden(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict.fromkeys(value, HIDDEN)
    return None if value is None else HIDDEN


def plain(value: Any, names: Mapping[str, str]) -> Any:
    """Return the same values, names with a hash replaced wherever they stand alone."""
    if isinstance(value, Mapping):
        return {key: plain(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item, names) for item in value]
    return names.get(value, value) if isinstance(value, str) else value
