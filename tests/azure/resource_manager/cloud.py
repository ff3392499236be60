"""The state of one local Azure: its resources, its directory, its running operations."""

import copy
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

Body = dict[str, Any]

SUBSCRIPTION = "0aa3981a-1111-4111-8111-111111111111"
TENANT = "0aa3981a-2222-4222-8222-222222222222"
CALLER = "0aa3981a-3333-4333-8333-333333333333"
CALLER_APPLICATION = "0aa3981a-4444-4444-8444-444444444444"


@dataclass
class Operation:
    """Something that Azure is still busy with: `polls` more looks at it, then it is done."""

    resource: str
    polls: int
    ends: str = "Succeeded"
    result: Any = None


@dataclass
class Cloud:
    """Everything that a restart of Azure would have to remember."""

    resources: dict[str, Body] = field(default_factory=dict)  # by id, in lower case
    deleted_vaults: dict[str, Body] = field(default_factory=dict)  # by name, in lower case
    secrets: dict[str, dict[str, list[Body]]] = field(default_factory=dict)  # vault, name, versions
    registered: set[str] = field(default_factory=set)  # provider namespaces, in lower case
    principals: dict[str, str] = field(default_factory=lambda: {CALLER: "User"})
    forbidden: set[str] = field(default_factory=set)  # names that others have, worldwide
    operations: dict[str, Operation] = field(default_factory=dict)
    caller_roles: list[str] = field(
        default_factory=lambda: ["8e3af657-a8ff-443c-a75c-2fe8c4bcb635"]
    )
    commands: list[Body] = field(default_factory=list)  # run inside clusters
    protected: Body = field(default_factory=dict)  # what clusters got and nobody reads back
    sku_restrictions: list[Body] = field(default_factory=list)
    quota: int = 50  # vCPUs
    slow: int = 1  # polls until a long operation is done
    born: Counter[str] = field(default_factory=Counter)

    def guid(self, purpose: str) -> str:
        """Return a new id; the same purpose gives the same ids in the same order."""
        self.born[purpose] += 1
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{purpose}#{self.born[purpose]}"))

    @staticmethod
    def guid_of(purpose: str) -> str:
        """Return the one id that belongs to a purpose."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, purpose))

    def begin(self, resource: str, result: Any = None) -> str:
        """Let something go on for a while; return its name. `result` is what it ends with."""
        name = str(uuid.uuid4())
        self.operations[name] = Operation(resource, self.slow, result=result)
        return name

    def get(self, identifier: str) -> Body | None:
        return self.resources.get(identifier.lower())

    def below(self, identifier: str) -> list[Body]:
        """Return what is inside a resource, at any depth."""
        start = identifier.lower().rstrip("/") + "/"
        return [body for key, body in sorted(self.resources.items()) if key.startswith(start)]

    def of_type(self, kind: str) -> list[Body]:
        return [body for body in self.resources.values() if body["type"].lower() == kind.lower()]

    def remove(self, identifier: str) -> None:
        """Take a resource away with all that is inside it."""
        for body in [*self.below(identifier), self.get(identifier)]:
            if body:
                self.resources.pop(body["id"].lower(), None)
                is_one = body["type"].endswith("/userAssignedIdentities")
                own = body["properties"] if is_one else body.get("identity", {})
                self.principals.pop(own.get("principalId"), None)

    def values(self) -> dict[str, list[str]]:
        """Return each secret's values, oldest first."""
        return {
            name: [version["value"] for version in versions]
            for names in self.secrets.values()
            for name, versions in names.items()
        }

    def snapshot(self) -> Body:
        """Return the state without what changes by itself: running operations, secrets' values."""
        return {
            "resources": copy.deepcopy(dict(sorted(self.resources.items()))),
            "deleted_vaults": sorted(self.deleted_vaults),
            "registered": sorted(self.registered),
            "secrets": {
                vault: {name: len(versions) for name, versions in sorted(names.items())}
                for vault, names in sorted(self.secrets.items())
            },
        }


def at(body: Any, path: str) -> Any:
    """Return what is at a dotted path, or None."""
    for part in path.split("."):
        if isinstance(body, list):
            body = body[int(part)] if int(part) < len(body) else None
        else:
            body = body.get(part) if isinstance(body, dict) else None
    return body


def merged(before: Any, change: Any) -> Any:
    """Return `before` with `change` merged in, objects key by key (RFC 7396, null removes)."""
    if not isinstance(before, dict) or not isinstance(change, dict):
        return copy.deepcopy(change)
    result = copy.deepcopy(before)
    for key, value in change.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result
