"""A report -> Markdown for one comment of a pull request, whatever a value holds.

Values are a stranger's: as code between more backticks than they hold, nothing in them is a
mention, a link, an image, HTML or the end of a table's cell.
"""

import re
from collections.abc import Iterable, Iterator

from generator.review.formats import text
from generator.review.model import Level
from generator.review.report import Environment, Report

LONGEST = 65_000
"""Characters; GitHub takes 65,536."""

MARKER = "<!-- gen diff -->"
"""The first line, by which the comment is found again."""

_SIGNS = {
    Level.NOTHING: "⚪",
    Level.NO_RESTART: "🟢",
    Level.RESTART: "🔵",
    Level.DOWNTIME: "🟠",
    Level.ACTION: "🟡",
    Level.DANGER: "🔴",
}
_REST = "in review.html, the artifact of this run, and by `gen diff`"
_CUT = f"\n_Cut here: the rest is {_REST}._\n"


def write(report: Report, longest: int = LONGEST) -> str:
    """Return the report in at most `longest` characters, verdicts first, then as much as fits."""
    head = "".join(f"{line}\n" for line in _head(report))
    parts = [head[:longest]]
    room = longest - len(head) - len(_CUT)
    for environment in report.environments:
        details = _details(environment, max(0, room))
        if not details:
            parts.append(_CUT if longest >= len(head) + len(_CUT) else "")
            break
        parts.append(details)
        room -= len(details)
    return "".join(parts)


def _head(report: Report) -> Iterator[str]:
    yield MARKER
    yield f"### {_SIGNS[report.level]} Merging this: {report.level.words}"
    yield ""
    yield f"Compared with {code(report.base)} ({code(report.commit[:12])})."
    yield from (f"\n{code(note)}" for note in report.notes[:9])
    if report.environments:
        yield ""
        yield "| environment | verdict | why |"
        yield "|---|---|---|"
    for item in report.environments[:200]:
        words = Level(item.level).words
        yield f"| {cell(item.name)} | {_SIGNS[Level(item.level)]} {words} | {cell(item.why)} |"
    if report.unchanged:
        yield ""
        yield f"Nothing changes in {', '.join(map(code, report.unchanged[:200]))}."


def plan(name: str, text: str, longest: int = LONGEST) -> str:
    """Return what provisioning would do as one comment, at most `longest` characters long."""
    head = f"{plan_marker(name)}\n### Azure: what provisioning {plain(name)} would do\n"
    lines = text.splitlines()
    kept = _fitting(lines, longest - len(head) - 1000)
    missing = len(lines) - len(kept)
    rest = f"\n{missing} more lines are in the log of this run.\n" if missing else ""
    return f"{head}{fenced(kept)}{rest}"


def plan_marker(name: str) -> str:
    """Return the first line by which a plan's comment is found again."""
    return f"<!-- gen plan {plain(name)} -->"


def _details(environment: Environment, room: int) -> str:
    """One environment, folded; cut where there is no room, and "" where there is hardly any."""
    top = f"\n<details><summary><b>{plain(environment.name)}</b></summary>\n\n"
    findings = "".join(_findings(environment))
    end = "\n</details>\n"
    spare = room - len(top) - len(findings) - len(end) - 200
    if spare < 0:
        return ""
    lines = list(text.changes(environment))
    kept = _fitting(lines, spare)
    block = fenced(kept) if kept else ""
    missing = len(lines) - len(kept)
    rest = f"\n{missing} more lines are {_REST}.\n" if missing else ""
    return f"{top}{findings}{block}{rest}{end}"


def _fitting(lines: Iterable[str], room: int) -> list[str]:
    kept: list[str] = []
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            break
        kept.append(line)
    return kept


def _findings(environment: Environment) -> Iterator[str]:
    for finding in environment.findings:
        level = Level(finding.level)
        said = f"{code(finding.subject)} {code(finding.message)} ({code(finding.rule)})"
        yield f"- {_SIGNS[level]} **{level.words}**: {said}\n"
        if finding.cure:
            yield f"  → {code(finding.cure)}\n"


def code(value: str, longest: int = 400) -> str:
    """Return a value as code, in which Markdown means nothing."""
    value = " ".join(_shortened(value, longest).split()) or " "
    ticks = "`" * (max(map(len, re.findall("`+", value)), default=0) + 1)
    space = " " if value.startswith("`") or value.endswith("`") else ""
    return f"{ticks}{space}{value}{space}{ticks}"


def cell(value: str) -> str:
    """Return a value as code in a table, where | ends a cell even there."""
    return code(value).replace("|", "\\|")


def plain(value: str) -> str:
    """Return a value for HTML inside Markdown: letters and what names are made of."""
    return re.sub(r"[^\w.-]", "_", _shortened(value, 80), flags=re.ASCII)


def _shortened(value: str, longest: int) -> str:
    return value if len(value) <= longest else f"{value[:longest]}…"


def fenced(lines: Iterable[str]) -> str:
    """Return lines as a block whose fence is longer than any in them."""
    body = "".join(f"{line}\n" for line in lines)
    ticks = "`" * max(3, max(map(len, re.findall("`+", body)), default=0) + 1)
    return f"\n{ticks}diff\n{body}{ticks}\n"
