"""A key as people write it, `apps.mlflow.image.tag` -> where it stands and what it may hold."""

import re
from collections.abc import Iterator
from typing import Any, get_args, get_origin

from generator.environment import messages
from generator.environment.base import Model, without_none
from generator.environment.edit import Value
from generator.environment.model import Values
from generator.yaml import Location

_BOOLEANS = {"true": True, "false": False}
_PART = re.compile(r"([^.\[\]]*)(?:\[([0-9]{1,4})\])?(?:\.|\Z)")


def location(key: str) -> Location:
    """Return where `key` stands. Raises ValueError where the schema has no such key.

    In a mapping of names, such as azure.tags, all the rest is the name, full stops included.
    """
    if not key:
        raise ValueError("a key is missing; write one, such as apps.mlflow.replicas")
    found: Location = ()
    annotation: Any = Values
    while key:
        if get_origin(annotation) is dict:
            return (*found, key)
        part = _PART.match(key)
        fields = annotation.model_fields if _is_group(annotation) else {}
        if part is None or part[1] not in fields:
            raise ValueError(f"{_unknown(found, key, fields)}")
        key = key[part.end() :]
        found, annotation = (*found, part[1]), without_none(fields[part[1]].annotation)
        if part[2]:
            found, annotation = (*found, int(part[2])), _item(annotation, found)
    return found


def _unknown(found: Location, key: str, fields: dict[str, Any]) -> str:
    name = messages.key((*found, key))
    if not fields:
        return f"{name}: {messages.key(found)} holds one value, and no keys"
    part = key.partition(".")[0]
    return f"{name}: unknown key{messages.nearest((part,), list(fields))}"


def _item(annotation: Any, found: Location) -> Any:
    if get_origin(annotation) is not tuple:
        raise ValueError(f"{messages.key(found)}: is no list")
    return without_none(get_args(annotation)[0])


def _is_group(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Model)


def _annotation(where: Location) -> Any:
    annotation: Any = Values
    for part in where:
        if _is_group(annotation):
            annotation = without_none(annotation.model_fields[part].annotation)
        else:
            annotation = get_args(annotation)[-1 if get_origin(annotation) is dict else 0]
    return annotation


def typed(where: Location, text: str) -> Value:
    """Return `text` as the kind of value that belongs there, whatever it looks like.

    Raises ValueError for a group of keys and for half a list. Whether the value is allowed is for
    later to say.
    """
    annotation = _annotation(where)
    if _is_group(annotation) or get_origin(annotation) is dict:
        known = ", ".join(annotation.model_fields) if _is_group(annotation) else "any name"
        raise ValueError(f"{messages.key(where)}: holds keys ({known}); set one of them")
    if annotation is int and re.fullmatch(r"[-+]?[0-9]{1,18}", text):
        return int(text)
    if annotation is bool and text in _BOOLEANS:
        return _BOOLEANS[text]
    if get_origin(annotation) is tuple:
        return list(_items(where, text))
    return text


def _items(where: Location, text: str) -> Iterator[str]:
    """The items of a list, with its brackets or without."""
    inside = text.strip()
    if not inside:
        raise ValueError(f"{messages.key(where)}: is empty; write [] for none")
    if inside.startswith("[") != inside.endswith("]"):
        found, other = "[]" if inside.startswith("[") else "]["
        wrong = f"a {found} without its {other}"
        raise ValueError(f"{messages.key(where)}: {text!r}: {wrong}; write [a,b]")
    inside = inside.removeprefix("[").removesuffix("]").strip()
    for item in inside.split(",") if inside else ():
        if not (stripped := item.strip().strip("'\"")):
            raise ValueError(f"{messages.key(where)}: {text!r}: an empty item; write [a,b]")
        yield stripped


def leaves(values: Model, where: Location = ()) -> Iterator[tuple[Location, object]]:
    """Yield every value that is not a group, defaults included, and where it stands."""
    model = Values if isinstance(values, Values) else type(values)  # not an Environment's name
    for name in model.model_fields:
        value = getattr(values, name)
        if isinstance(value, Model):
            yield from leaves(value, (*where, name))
        elif isinstance(value, dict):
            yield from (((*where, name, key), item) for key, item in value.items())
        else:
            yield (*where, name), value


def within(where: Location, group: Location) -> bool:
    """Whether a value stands at `group` or below it."""
    return where[: len(group)] == group


def spoken(value: object) -> str:
    """Return a value as people write it on a command line; `none` for none."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    return f"[{', '.join(map(str, value))}]" if isinstance(value, tuple | list) else str(value)
