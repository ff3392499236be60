"""Two values of a manifest -> the fields in which they differ, list items matched by their keys."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# What Kubernetes and Flux merge a list's items by. The first set of keys that all items have, and
# that no two share, is taken; any other list is one value.
_KEYS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "containers": (("name",),),
    "initContainers": (("name",),),
    "ephemeralContainers": (("name",),),
    "env": (("name",),),
    "ports": (("containerPort", "protocol"), ("containerPort",), ("port", "protocol"), ("port",)),
    "volumes": (("name",),),
    "volumeMounts": (("mountPath",),),
    "volumeDevices": (("devicePath",),),
    "volumeClaimTemplates": (("metadata.name",),),
    "imagePullSecrets": (("name",),),
    "hostAliases": (("ip",),),
    "topologySpreadConstraints": (("topologyKey", "whenUnsatisfiable"),),
    "items": (("key",),),
    "subjects": (("kind", "namespace", "name"), ("kind", "name")),
    "dependsOn": (("namespace", "name"), ("name",)),
    "substituteFrom": (("kind", "name"),),
    "healthChecks": (("kind", "namespace", "name"),),
    "listeners": (("name",),),
    "parentRefs": (("name",),),
}
_ORDERED = ("initContainers",)


@dataclass(frozen=True)
class Field:
    """One field that differs. None stands for a field that is not there."""

    path: str
    before: Any
    after: Any


def fields(before: Any, after: Any, path: str = "", name: str = "") -> Iterator[Field]:
    """Yield every field that differs, below `path`; `name` is that of the field itself."""
    if before == after and type(before) is type(after):
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys((*before, *after)):
            inside = inner(path, str(key))
            yield from fields(before.get(key), after.get(key), inside, str(key))
    elif keyed := _keyed(name, before, after):
        yield from _items(*keyed, path, name)
    else:
        yield Field(path, before, after)


def inner(path: str, key: str) -> str:
    """Return the path of `key` below `path`; a key with a full stop or a slash stands in []."""
    if "." in key or "/" in key:
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else key


_Items = dict[str, Any]


def _keyed(name: str, before: Any, after: Any) -> tuple[_Items, _Items] | None:
    """Both lists as mappings, or None where they are no lists of known items."""
    if not isinstance(before, list) or not isinstance(after, list):
        return None
    for keys in _KEYS.get(name, ()):
        sides = [_by(keys, before), _by(keys, after)]
        if sides[0] is not None and sides[1] is not None:
            return sides[0], sides[1]
    return None


def _by(keys: Sequence[str], items: list[Any]) -> _Items | None:
    named: _Items = {}
    for item in items:
        parts = [_at(item, key) for key in keys]
        if None in parts:
            return None
        named["/".join(map(str, parts))] = item
    return named if len(named) == len(items) else None


def _at(item: Any, key: str) -> Any:
    for part in key.split("."):
        item = item.get(part) if isinstance(item, Mapping) else None
    return item


def _items(before: _Items, after: _Items, path: str, name: str) -> Iterator[Field]:
    for key in dict.fromkeys((*before, *after)):
        yield from fields(before.get(key), after.get(key), f"{path}[{key}]", key)
    same = [key for key in before if key in after]
    if name in _ORDERED and same != (order := [key for key in after if key in before]):
        yield Field(f"{path} (order)", same, order)
