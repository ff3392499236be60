"""A report -> text for a terminal."""

from collections.abc import Iterator

from generator.review.formats import values
from generator.review.model import Level
from generator.review.report import Change, Difference, Environment, Finding, Report

VERBS = {"create": "+", "update": "~", "delete": "-"}


def write(report: Report) -> str:
    """Return the report: a verdict line for each environment, then why, then what."""
    return "".join(f"{line}\n" for line in _lines(report))


def _lines(report: Report) -> Iterator[str]:
    yield f"Compared with {report.base} ({report.commit[:12]})."
    yield from report.notes
    for environment in report.environments:
        yield ""
        yield from _environment(environment)
    if report.unchanged:
        yield ""
        yield f"{', '.join(report.unchanged)}: nothing changes"


def _environment(environment: Environment) -> Iterator[str]:
    yield f"{environment.name}: {environment.verdict}"
    for finding in environment.findings:
        yield from _finding(finding)
    yield from (f"  {line}" for line in changes(environment))


def changes(environment: Environment) -> Iterator[str]:
    """Yield what changes in an environment, object by object."""
    for change in environment.changes:
        if not change.noise:
            yield from _change(change)
    if noise := sum(change.noise for change in environment.changes):
        yield f"~ only labels differ on {noise} more"


def _finding(finding: Finding) -> Iterator[str]:
    yield f"  ! {Level(finding.level).words}: {finding.subject}: {finding.message} [{finding.rule}]"
    if finding.cure:
        yield f"      {finding.cure}"


def _change(change: Change) -> Iterator[str]:
    place = f" ({change.namespace})" if change.namespace else ""
    yield f"{VERBS[change.verb]} {change.kind} {change.name}{place}"
    for field in change.fields:
        yield from (f"    {line}" for line in _field(field))


def _field(field: Difference) -> Iterator[str]:
    if values.is_long(field):
        yield f"{field.path}:"
        yield from (f"  {line}" for line in values.lines(field))
    elif field.before is None:
        yield f"{field.path}: + {values.short(field.after)}"
    elif field.after is None:
        yield f"{field.path}: - {values.short(field.before)}"
    else:
        yield f"{field.path}: {values.short(field.before)} -> {values.short(field.after)}"
