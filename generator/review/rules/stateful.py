"""What happens to data: moves, renames, versions that read it no more."""

import re
from collections.abc import Iterator

from generator.environment import mlflow_versions
from generator.review import workloads
from generator.review.model import Applied, Case, Finding, Level
from generator.review.rules import backups
from generator.validate import fields
from generator.validate.fields import Fields

_STATEFUL = ("StatefulSet", "PersistentVolumeClaim", "Namespace")


def renamed(case: Case) -> Iterator[Finding]:
    """Something stateful gets another name or namespace: it starts empty."""
    for new in case.created(*_STATEFUL):
        for old in case.deleted(new.kind):
            yield Finding(
                "renamed",
                Level.DANGER,
                new.subject,
                f"takes the place of {_place(old)} and starts empty: data does not follow a name",
                _brought_back(case),
            )


def _place(item: Applied) -> str:
    return f"{item.namespace}/{item.name}" if item.namespace else item.name


_ADDRESSES = ("PGHOST", "PGPORT", "PGDATABASE", "DATABASE_URI", "BACKEND_STORE_URI")


def database_moves(case: Case) -> Iterator[Finding]:
    """The server talks to another database, or the database to another disk or folder."""
    for old, new in case.updated("ConfigMap"):
        for name in _ADDRESSES:
            before, after = old.at("data", name), new.at("data", name)
            if before and after and before != after:
                yield _moves(case, new, f"{name} was {before} and becomes {after}")
    for old, new in case.updated(*workloads.KINDS):
        before_claims, after_claims = workloads.claims(old), workloads.claims(new)
        for volume in before_claims:
            if after_claims.get(volume) != before_claims[volume]:
                words = after_claims.get(volume) or "no claim"
                yield _moves(
                    case, new, f"volume {volume} was {before_claims[volume]}, becomes {words}"
                )
        for name in ("PGDATA",):
            before, after = _variable(old, name), _variable(new, name)
            if before and before != after:
                yield _moves(case, new, f"{name} was {before} and becomes {after or 'unset'}")


def admin_stays(case: Case) -> Iterator[Finding]:
    """The administrator gets another name: the old account stays one, with its password."""
    for old, new in case.updated("ConfigMap"):
        before, after = old.at("data", "ADMIN"), new.at("data", "ADMIN")
        if before and after and before != after:
            yield Finding(
                "admin-stays",
                Level.ACTION,
                new.subject,
                f"{after} becomes administrator, and {before} stays one, with today's password",
                f"after the merge: gen users remove --env {_name(case)} {before}",
            )


def _name(case: Case) -> str:
    environment = case.after.environment
    return environment.name if environment else "ENV"


def _moves(case: Case, item: Applied, what: str) -> Finding:
    message = f"{what}: it starts with what is there, not with today's data"
    return Finding("database-moves", Level.DANGER, item.subject, message, _brought_back(case))


def _brought_back(case: Case) -> str:
    return f"{backups.first(case)}, and restore it after the move"


def _variable(workload: Applied, name: str) -> str:
    for container in fields.items(workloads.spec(workload), "containers"):
        for item in fields.items(container, "env"):
            if item.get("name") == name:
                return fields.text(item, "value")
    return ""


def image(case: Case) -> Iterator[Finding]:
    """An image goes back, or a new one changes the database for good."""
    for old, new in case.updated(*workloads.KINDS, "HelmRelease"):
        before = {fields.text(item, "name"): item for item in workloads.containers(old)}
        seen = set()
        for container in workloads.containers(new):
            other = before.get(fields.text(container, "name"))
            pair = (_image(other), _image(container))
            if other is None or pair[0] == pair[1] or pair in seen:
                continue
            seen.add(pair)
            yield from _versions(case, new, *pair)


def _image(container: Fields | None) -> str:
    return fields.text(container, "image").partition("@")[0]


def _versions(case: Case, item: Applied, before: str, after: str) -> Iterator[Finding]:
    parts = 1 if "postgres" in after else 2
    if not any(word in after for word in ("mlflow", "postgres")):
        return
    old, new = _version(before), _version(after)
    what = f"{before} -> {after}"
    if not old or not new:
        yield Finding(
            "image",
            Level.ACTION,
            item.subject,
            f"{what}: not told from the tags whether this migrates the database",
            f"read the release notes; {backups.first(case)}",
        )
    elif new < old and (parts == 2 or new[:1] != old[:1]):
        message = f"{what} goes back: an older version refuses data that a newer one migrated"
        cure = "restore a backup of that version's time (docs/backup.md), or stay"
        yield Finding("image", Level.DANGER, item.subject, message, cure)
    elif new[:parts] != old[:parts]:
        message = f"{what} {_MIGRATES[parts]}"
        if parts == 2 and old[0] < _WITHOUT_DENIALS <= new[0]:
            message += _refusal(case)
        yield Finding("image", Level.DANGER, item.subject, message, backups.first(case))


_WITHOUT_DENIALS = 3  # MLflow's first series that has no NO_PERMISSIONS for a thing
_DENIALS = "apps.mlflow.image.migrate_without_denials"


def _refusal(case: Case) -> str:
    """What a migration that would lose a grant does, where it is not told to lose it."""
    values = case.after.environment and case.after.environment.apps.mlflow
    if values and (values.image.migrate_without_denials or not values.auth.others_read):
        return ""
    return "; it does not begin while somebody has NO_PERMISSIONS for a thing (docs/upgrade.md)"


def denials(case: Case) -> Iterator[Finding]:
    """MLflow 3 may drop NO_PERMISSIONS grants, and let in whom they shut out."""
    before, after = case.before.environment, case.after.environment
    if not before or not after:
        return
    old, new, auth = before.apps.mlflow.image, after.apps.mlflow.image, after.apps.mlflow.auth
    migrates = mlflow_versions.drops_denials((old.name, old.tag), (new.name, new.tag))
    begins = migrates or not old.migrate_without_denials
    if new.migrate_without_denials and begins and auth.others_read:
        yield Finding(
            "denials",
            Level.DANGER,
            _DENIALS,
            "who has NO_PERMISSIONS for an experiment or a model gets "
            f"{auth.default_permission} for it when {new.tag} migrates",
            "list these grants before you merge (docs/upgrade.md)",
        )


_MIGRATES = {
    1: "does not read the old version's files: its pod will not start",
    2: "migrates the database, and that cannot be undone",
}


def _version(image: str) -> tuple[int, ...]:
    """The numbers that a tag starts with; () where it starts with none."""
    tag = image.rpartition("/")[2].partition(":")[2]
    match = re.match(r"v?([0-9]+(?:\.[0-9]+)*)", tag)
    return tuple(map(int, match[1].split("."))) if match else ()


RULES = {
    "renamed": renamed,
    "database-moves": database_moves,
    "image": image,
    "denials": denials,
    "admin-stays": admin_stays,
}
