"""What a review is made of: two sides, the changes between them, findings, a verdict."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import Any, Literal

from generator.environment import Environment
from generator.review.differences import Field
from generator.validate import fields
from generator.validate.fields import Fields

Key = tuple[str, str, str, str]
"""API group, kind, namespace and name; a name's hash left out."""


class Level(IntEnum):
    """How much a change asks of people, least first."""

    NOTHING = 0
    NO_RESTART = 1
    RESTART = 2
    DOWNTIME = 3
    ACTION = 4
    DANGER = 5

    @property
    def words(self) -> str:
        """The verdict in words."""
        return _WORDS[self]


_WORDS = {
    Level.NOTHING: "nothing changes",
    Level.NO_RESTART: "changes without restart",
    Level.RESTART: "pods restart, no downtime",
    Level.DOWNTIME: "downtime",
    Level.ACTION: "needs action",
    Level.DANGER: "dangerous",
}


@dataclass(frozen=True)
class Finding:
    """What a rule found: what happens to `subject`, and what to do about it."""

    rule: str
    level: Level
    subject: str
    message: str
    cure: str = ""


# kustomize's hash: ten of the digits and letters that make no words.
_HASHED = re.compile(r"(.+)-[2456789bcdfghkmt]{10}")
_GENERATED = ("ConfigMap", "Secret")


@dataclass(frozen=True, eq=False)
class Applied:
    """An object, and the Flux Kustomization that applies it; "" is what Flux starts from."""

    values: Fields
    owner: str

    @cached_property
    def kind(self) -> str:
        """Its kind, such as Deployment."""
        return fields.text(self.values, "kind")

    @cached_property
    def group(self) -> str:
        """Its API group; empty for the core's."""
        return fields.text(self.values, "apiVersion").rpartition("/")[0]

    @cached_property
    def namespace(self) -> str:
        """Its namespace; empty where it names none."""
        return fields.text(self.values, "metadata", "namespace")

    @cached_property
    def full_name(self) -> str:
        """Its name in the cluster."""
        return fields.text(self.values, "metadata", "name")

    @cached_property
    def name(self) -> str:
        """Its name without the hash of what it holds."""
        match = _HASHED.fullmatch(self.full_name) if self.kind in _GENERATED else None
        return match[1] if match else self.full_name

    @cached_property
    def key(self) -> Key:
        """What makes it the same object on both sides."""
        return self.group, self.kind, self.namespace, self.name

    @property
    def subject(self) -> str:
        """How people call it."""
        return f"{self.kind} {self.name}"

    def at(self, *keys: str) -> Any:
        """Return what stands below `keys`, or None."""
        return fields.at(self.values, *keys)

    def marked(self, key: str) -> str:
        """Return what Flux reads `key` as: an annotation or a label."""
        key = f"kustomize.toolkit.fluxcd.io/{key}"
        metadata = fields.mapping(self.values, "metadata")
        return fields.text(metadata, "annotations", key) or fields.text(metadata, "labels", key)

    @property
    def is_kustomization(self) -> bool:
        """Whether it is a Flux Kustomization."""
        return self.kind == "Kustomization" and self.group.startswith("kustomize.toolkit.")


@dataclass(frozen=True, eq=False)
class Side:
    """An environment as one commit has it; `environment` is None where it has none."""

    environment: Environment | None = None
    objects: tuple[Applied, ...] = ()
    declared: tuple[Applied, ...] | None = None
    """The Azure resources that its script declares; None where it has no script."""

    @cached_property
    def index(self) -> Mapping[Key, Applied]:
        """Every object by its key."""
        return {item.key: item for item in self.objects}

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Every name with a hash, and the name without it."""
        return {item.full_name: item.name for item in self.objects if item.full_name != item.name}

    def of(self, *kinds: str) -> Iterator[Applied]:
        """Yield the objects of these kinds."""
        return (item for item in self.objects if item.kind in kinds)

    def kustomization(self, name: str) -> Applied | None:
        """Return the Flux Kustomization of that name."""
        found = (item for item in self.objects if item.is_kustomization and item.name == name)
        return next(found, None)


@dataclass(frozen=True, eq=False)
class Change:
    """How an object differs. Created: `before` is None. Deleted: `after` is None."""

    before: Applied | None
    after: Applied | None
    fields: tuple[Field, ...] = ()

    @property
    def object(self) -> Applied:
        """The object as it will be, or was."""
        found = self.after or self.before
        assert found, "a change has a side"  # noqa: S101
        return found

    @property
    def verb(self) -> Literal["create", "update", "delete"]:
        """What happens to it."""
        return "create" if self.before is None else "update" if self.after else "delete"

    @property
    def is_noise(self) -> bool:
        """Whether only labels differ, none of which selects anything."""
        return self.verb == "update" and all(
            item.path.startswith("metadata.labels[") for item in self.fields
        )


@dataclass(frozen=True, eq=False)
class Case:
    """What a rule looks at."""

    before: Side
    after: Side
    changes: tuple[Change, ...]
    """Of the objects in the cluster."""
    azure: tuple[Change, ...] = ()
    """Of the resources in Azure."""

    def updated(self, *kinds: str) -> Iterator[tuple[Applied, Applied]]:
        """Yield objects of these kinds that are on both sides and differ."""
        for change in self.changes:
            if change.before and change.after and change.after.kind in kinds:
                yield change.before, change.after

    def deleted(self, *kinds: str) -> Iterator[Applied]:
        """Yield objects (of these kinds) that only the side before has."""
        for change in self.changes:
            if change.before and not change.after and (not kinds or change.before.kind in kinds):
                yield change.before

    def created(self, *kinds: str) -> Iterator[Applied]:
        """Yield objects of these kinds that only the side after has."""
        for change in self.changes:
            if change.after and not change.before and change.after.kind in kinds:
                yield change.after


@dataclass(frozen=True)
class Review:
    """What merging does to one environment."""

    name: str
    findings: tuple[Finding, ...]
    """The most serious first."""
    changes: tuple[Change, ...]

    @property
    def level(self) -> Level:
        """The verdict."""
        least = Level.NO_RESTART if self.changes else Level.NOTHING
        return max((finding.level for finding in self.findings), default=least)

    @property
    def why(self) -> str:
        """The verdict's reason, in a sentence."""
        first = next(iter(self.findings), None)
        if first:
            return f"{first.subject}: {first.message}"
        count = len(self.changes)
        return f"{count} object{' changes' if count == 1 else 's change'}" if count else ""
