"""What happens to backups: they begin, they end, or fewer of them stay."""

from collections.abc import Iterator

from generator.environment.mlflow import BACKUPS
from generator.render import infra
from generator.review.model import Case, Finding, Level

_SUBJECT = "apps.mlflow.backup"


def first(case: Case) -> str:
    """Return the advice to take a backup, and how an environment that makes none begins."""
    env = case.before.environment
    if env and not env.apps.mlflow.backup:
        return f"set {_SUBJECT} in a commit before this one, and take a backup (docs/backup.md)"
    return "take a backup first (docs/backup.md)"


def backup(case: Case) -> Iterator[Finding]:
    """Backups begin, end, or are kept for less long."""
    before, after = case.before.environment, case.after.environment
    if not before or not after:
        return
    old, new = before.apps.mlflow.backup, after.apps.mlflow.backup
    if new and not old:
        message = f"Azure has no container {BACKUPS} yet: every backup fails until it is made"
        cure = f"{infra.script(after.name)} apply"
        yield Finding("backup", Level.ACTION, _SUBJECT, message, cure)
    elif old and not new:
        message = "no more backups are made; those that were made stay"
        yield Finding("backup", Level.DANGER, _SUBJECT, message)
    elif old and new and new.keep < old.keep:
        message = f"{old.keep} -> {new.keep}: the next backup deletes all but the newest {new.keep}"
        cure = "copy those that must stay out of the container (docs/backup.md)"
        yield Finding("backup", Level.DANGER, f"{_SUBJECT}.keep", message, cure)


RULES = {"backup": backup}
