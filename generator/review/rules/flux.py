"""What happens to Flux itself: whether it still applies what Git says."""

from collections.abc import Iterator

from generator.environment import Environment
from generator.render import infra
from generator.review.model import Applied, Case, Finding, Level
from generator.secrets import check, table
from generator.validate import fields

_FORCED = ("StatefulSet", "PersistentVolumeClaim", "Deployment", "Service")


def suspended(case: Case) -> Iterator[Finding]:
    """A Kustomization stops following Git."""
    for old, new in case.updated("Kustomization", "HelmRelease", "GitRepository"):
        if new.at("spec", "suspend") is True and old.at("spec", "suspend") is not True:
            message = "is suspended: no later commit reaches the cluster through it"
            cure = "remove spec.suspend to follow Git again"
            yield Finding("suspended", Level.ACTION, new.subject, message, cure)


def forced(case: Case) -> Iterator[Finding]:
    """Flux may delete and make anew what it cannot change."""
    for old, new in case.updated("Kustomization"):
        if new.at("spec", "force") is True and old.at("spec", "force") is not True:
            yield _forced(new.subject)
    for change in case.changes:
        item, was = change.after, change.before and _is_forced(change.before)
        if item and item.kind in _FORCED and _is_forced(item) and not was:
            yield _forced(item.subject)


def _is_forced(item: Applied) -> bool:
    return item.marked("force").lower() == "enabled"


def _forced(subject: str) -> Finding:
    message = "may be deleted and made anew where it cannot change (force): data goes along"
    return Finding("forced", Level.DANGER, subject, message, "leave force off")


def waits(case: Case) -> Iterator[Finding]:
    """A Kustomization waits for one that is not there."""
    known = {item.name for item in case.after.objects if item.is_kustomization}
    for change in case.changes:
        item = change.after
        if not item or not item.is_kustomization:
            continue
        for needed in fields.items(item.values, "spec", "dependsOn"):
            if needed.get("name") not in known:
                message = f"waits for Kustomization {needed.get('name')}, which is not there"
                yield Finding("waits", Level.ACTION, item.subject, message, "correct dependsOn")


def keeps(case: Case) -> Iterator[Finding]:
    """A Kustomization stops removing what leaves Git."""
    for old, new in case.updated("Kustomization"):
        if old.at("spec", "prune") is True and new.at("spec", "prune") is not True:
            message = "no longer prunes: what leaves Git stays in the cluster"
            yield Finding("keeps", Level.NO_RESTART, new.subject, message)


def unsent(case: Case) -> Iterator[Finding]:
    """What Flux tells people with is not in Git: it tells them nothing until it is there."""
    for new in case.after.of("Provider"):
        secret = ("", "Secret", new.namespace, str(new.at("spec", "secretRef", "name")))
        old = case.before.index.get(new.key)
        is_known = old and old.at("spec", "type") == new.at("spec", "type")
        if secret in case.after.index or (is_known and secret not in case.before.index):
            continue
        message = "tells nobody anything before Flux has its secret"
        cure = _handed_over(case.after.environment, secret[-1])
        yield Finding("unsent", Level.ACTION, new.subject, message, cure)


def _handed_over(env: Environment | None, name: str) -> str:
    """How Flux gets a Secret of its own."""
    for secret in table.needed(env) if env else ():
        if env and secret.kept.name == name:
            if env.secrets.provider == "sops":
                return check.cure(env, secret)
            return (
                f"{secret.variable}=PATH {infra.script(env.name)} apply; PATH holds {secret.given}"
            )
    return "docs/notifications.md"


RULES = {
    "suspended": suspended,
    "forced": forced,
    "waits": waits,
    "keeps": keeps,
    "unsent": unsent,
}
