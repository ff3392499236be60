"""Any values -> what stands in a field, or an empty one: a manifest may hold anything anywhere."""

from collections.abc import Iterator, Mapping
from typing import Any

Fields = Mapping[str, Any]


def at(values: object, *keys: str) -> Any:
    """Return what stands below `keys`, or None."""
    for key in keys:
        if not isinstance(values, Mapping):
            return None
        values = values.get(key)
    return values


def mapping(values: object, *keys: str) -> Fields:
    """Return the mapping below `keys`, or an empty one."""
    found = at(values, *keys)
    return found if isinstance(found, Mapping) else {}


def text(values: object, *keys: str) -> str:
    """Return the text below `keys`, or an empty one."""
    found = at(values, *keys)
    return found if isinstance(found, str) else ""


def items(values: object, *keys: str) -> list[Fields]:
    """Return the mappings of the list below `keys`, each in its place; {} stands for the rest."""
    found = at(values, *keys)
    if not isinstance(found, list):
        return []
    return [item if isinstance(item, Mapping) else {} for item in found]


def walk(values: object, field: str = "") -> Iterator[tuple[str, str, Any]]:
    """Yield every field: where it stands, its own name (that of its list, in one) and its value."""
    if isinstance(values, Mapping):
        for key, value in values.items():
            inside = f"{field}.{key}" if field else str(key)
            yield inside, str(key), value
            yield from walk(value, inside)
    elif isinstance(values, list):
        name = field.rpartition(".")[2]
        for number, value in enumerate(values):
            inside = f"{field}[{number}]"
            yield inside, name, value
            yield from walk(value, inside)
