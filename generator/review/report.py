"""Reviews of all environments -> one report, which every form is written from and JSON is read to.

docs/review.md describes the JSON. It may come from a stranger's pull request: reading it checks it.
"""

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from generator.review import model
from generator.review.model import Level

VERSION: Literal[1] = 1
LARGEST = 8 << 20
"""Bytes of JSON that are read; a change of 100 environments has two million."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Finding(_Part):
    """What a rule found."""

    rule: str
    level: int = Field(ge=0, le=5)
    subject: str
    message: str
    cure: str


class Difference(_Part):
    """A field that differs; null: it is not there."""

    path: str
    before: Any
    after: Any


class Change(_Part):
    """An object that is created, updated or deleted."""

    verb: Literal["create", "update", "delete"]
    group: str
    kind: str
    namespace: str
    name: str
    kustomization: str
    noise: bool
    fields: list[Difference]


class Environment(_Part):
    """What merging does to one environment."""

    name: str
    level: int = Field(ge=0, le=5)
    why: str
    findings: list[Finding]
    changes: list[Change]

    @property
    def verdict(self) -> str:
        """The verdict in words, and why."""
        words = Level(self.level).words
        return f"{words}. {self.why}" if self.why else words


class Report(_Part):
    """What `gen diff` says."""

    version: Literal[1] = VERSION
    base: str
    """What the working tree is compared with, in words."""
    commit: str
    environments: list[Environment]
    """Those that something changes in, the most serious first."""
    unchanged: list[str]
    notes: list[str]

    @property
    def level(self) -> Level:
        """The verdict over all environments."""
        return Level(max((item.level for item in self.environments), default=0))


def of(review: model.Review) -> Environment:
    """Return an environment's part of the report."""
    return Environment(
        name=review.name,
        level=int(review.level),
        why=review.why,
        findings=[
            Finding(
                rule=item.rule,
                level=int(item.level),
                subject=item.subject,
                message=item.message,
                cure=item.cure,
            )
            for item in review.findings
        ],
        changes=list(_changes(review.changes)),
    )


def _changes(changes: Iterable[model.Change]) -> Iterable[Change]:
    for change in changes:
        item = change.object
        yield Change(
            verb=change.verb,
            group=item.group,
            kind=item.kind,
            namespace=item.namespace,
            name=item.name,
            kustomization=item.owner,
            noise=change.is_noise,
            fields=[
                Difference(path=field.path, before=field.before, after=field.after)
                for field in change.fields
            ],
        )


def read(data: bytes) -> Report:
    """Return the report that JSON holds. Raises ValueError where it is none."""
    if len(data) > LARGEST:
        raise ValueError(f"is larger than {LARGEST >> 20} MiB")
    try:
        return Report.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ValueError(f"{where}: {first['msg']}") from None
