"""What happens to a Helm release, whose pods Git does not show."""

from collections.abc import Iterator

from generator.review import changes
from generator.review.model import Applied, Case, Finding, Level, Side

_MAKES = ("chart", "values", "valuesFrom", "postRenderers")
"""The fields of a release that say what it makes."""


def delivery(case: Case) -> Iterator[Finding]:
    """A Helm release comes in the place of a Deployment, or a Deployment in the place of one."""
    for gone in case.deleted("Deployment", "HelmRelease"):
        if new := successor(gone, case):
            message = f"comes in the place of {gone.subject}: pods stop before the new ones serve"
            yield Finding("delivery", Level.DOWNTIME, new.subject, message)


def successor(gone: Applied, case: Case) -> Applied | None:
    """Return what makes the pods instead, in the other way, of something that goes."""
    other = {"Deployment": "HelmRelease", "HelmRelease": "Deployment"}.get(gone.kind)
    for change in case.changes:
        new = change.after
        comes = new and not change.before and (new.kind, new.namespace) == (other, gone.namespace)
        if new and comes:
            return new
    return None


def unseen(side: Side, namespace: str) -> bool:
    """Whether a namespace has pods that Git does not show."""
    return any(item.namespace == namespace for item in side.of("HelmRelease"))


def upgrade(case: Case) -> Iterator[Finding]:
    """A Helm release is upgraded: its pods are replaced where what they are made of changes."""
    for old, new in case.updated("HelmRelease"):
        differing = [key for key in _MAKES if _differs(old, new, key, case)]
        if differing:
            message = f"is upgraded, and its pods are replaced ({', '.join(differing)})"
            yield Finding("upgrade", Level.RESTART, new.subject, message)


def _differs(old: Applied, new: Applied, key: str, case: Case) -> bool:
    sides = old.at("spec", key), new.at("spec", key)
    return any(True for _ in changes.between(*sides, case.before, case.after))


RULES = {"delivery": delivery, "upgrade": upgrade}
