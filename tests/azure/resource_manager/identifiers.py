"""A path of the Resource Manager -> what it names."""

import re
from dataclasses import dataclass

_GROUP = re.compile(r"/subscriptions/[^/]+/resourceGroups/([^/]+)", re.IGNORECASE)
_SUBSCRIPTION = re.compile(r"/subscriptions/([^/]+)", re.IGNORECASE)


@dataclass(frozen=True)
class Identifier:
    """A resource's id, or a collection of resources where `name` is empty."""

    id: str
    type: str
    name: str
    parent: str
    """The id of what the resource is inside of, or set upon."""


def parse(path: str) -> Identifier | None:
    """Return what `path` names, or None if it names no resource."""
    path = "/" + path.strip("/")
    if match := _GROUP.fullmatch(path):
        subscription = path.rpartition("/resource")[0]
        return Identifier(path, "Microsoft.Resources/resourceGroups", match[1], subscription)
    scope, found, rest = path.rpartition("/providers/")
    namespace, *parts = rest.split("/")
    if not found or not parts:
        return None
    kind = "/".join([namespace, *parts[::2]])
    name = parts[-1] if len(parts) % 2 == 0 else ""
    inner = len(parts) > (2 if name else 1)
    parent = "/".join(path.split("/")[: -2 if name else -1]) if inner else scope
    return Identifier(path, kind, name, parent)


def subscription(path: str) -> str:
    """Return the subscription's id, or nothing."""
    match = _SUBSCRIPTION.match(path)
    return match[1].lower() if match else ""
