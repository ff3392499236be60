"""`gen diff`: what merging the working tree does to every cluster and to Azure."""

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import click

from generator.cli import options
from generator.errors import GenError, Problem

if TYPE_CHECKING:
    from generator.review.model import Finding, Review
    from generator.review.report import Report
    from generator.review.sides import Loaded

_TOPS = ("environments", "apps", "clusters", "infra")
_FORMATS = ("text", "markdown", "html", "json")
_SUFFIXES = {"markdown": "md", "html": "html", "json": "json"}


@click.command()
@options.env
@click.option(
    "--against",
    metavar="REV",
    help="Compare with this revision (default: the merge base with the remote's main branch).",
)
@click.option("--format", "form", type=click.Choice(_FORMATS), default="text", help="The form.")
@click.option(
    "--write",
    "folder",
    metavar="FOLDER",
    type=click.Path(file_okay=False, path_type=Path),
    help="Also write review.md, review.html and review.json into FOLDER.",
)
@click.pass_obj
def diff(
    root: Path, names: tuple[str, ...], against: str | None, form: str, folder: Path | None
) -> None:
    """Show what merging the working tree does to every cluster and to Azure.

    --against HEAD shows what is not committed yet.

    Example: gen diff --env prod
    """
    from generator.review import formats

    report = _report(root, names, against)
    click.echo(formats.FORMATS[form](report), nl=False)
    if folder:
        _write(folder, {name: formats.FORMATS[name](report) for name in _SUFFIXES})


def _write(folder: Path, texts: Mapping[str, str]) -> None:
    """Write a file a form. Raises GenError where the disk refuses."""
    path = folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            path = folder / f"review.{_SUFFIXES[name]}"
            path.write_text(text, "utf-8")
    except OSError as error:
        message = f"could not be written: {error.strerror or error}"
        raise GenError([Problem(path, None, message)]) from None


def _report(root: Path, names: tuple[str, ...], against: str | None) -> "Report":
    from generator import environment
    from generator.repository import reach, revision
    from generator.review import report

    base = revision.base(root, against)
    paths = revision.differing(root, base.commit)
    entries = revision.entries(root, base.commit, _TOPS)
    every = _every(root, (entry.path for entry in entries))
    known = _chosen(every, names)
    reached = [name for name in reach.reached(paths, every) if name in known]
    owners = ("", reach.SHARED, *reached)
    wanted = [entry for entry in entries if reach.owner(entry.path, every) in owners]
    with tempfile.TemporaryDirectory() as folder:
        revision.extract(root, wanted if reached else [], Path(folder))
        reviews = _reviews(root, Path(folder), reached) if reached else []
    reviews.sort(key=lambda review: (-review.level, review.name))
    changed = [report.of(review) for review in reviews if review.level]
    names_changed = {review.name for review in changed}
    return report.Report(
        base=base.words,
        commit=base.commit,
        environments=changed,
        unchanged=[name for name in known if name not in names_changed],
        notes=[*map(str, environment.unread(root)), *_notes(paths)],
    )


def _every(root: Path, before: Iterable[PurePosixPath]) -> list[str]:
    """The environments of either side."""
    from generator import environment

    names = {path.stem for path in before if path == environment.path(path.stem)}
    return sorted({*names, *environment.names(root)})


def _chosen(every: list[str], names: tuple[str, ...]) -> list[str]:
    from generator import environment

    known = ", ".join(every) or "none yet"
    if missing := [name for name in names if name not in every]:
        for name in missing:
            environment.check_name(name)
        message = f"no such environment, on neither side; known: {known}"
        raise GenError(Problem(environment.path(name), None, message) for name in missing)
    return [name for name in every if name in names] if names else every


def _reviews(root: Path, old: Path, names: list[str]) -> list["Review"]:
    """Build both sides of the environments and compare them."""
    from generator import environment, programs
    from generator.repository import revision
    from generator.review import sides

    kustomize = programs.find(root, "kustomize", say=lambda text: click.echo(text, err=True))
    before = sides.load(old, names, kustomize)
    after = sides.load(root, names, kustomize)
    conflicts = revision.conflicted(root)
    there = [name for name in names if after[name].side.environment]
    gone = [name for name in names if not (root / environment.path(name)).exists()]
    stale = {**_stale(root, there), **_left(root, gone)}
    return [
        _review(name, before[name], after[name], _wrong(name, conflicts, stale)) for name in names
    ]


def _review(name: str, before: "Loaded", after: "Loaded", wrong: list["Finding"]) -> "Review":
    """The review of one environment, whatever of it can be read."""
    from generator.review import review, sides
    from generator.review.model import Finding, Level, Review

    for side, words in ((before, "before: "), (after, "")):
        wrong += [
            Finding("unreadable", Level.ACTION, str(problem.path), f"{words}{problem.message}")
            for problem in side.problems
        ]
    if "" in before.broken | after.broken:
        return Review(name, tuple(wrong), ())
    found = review(name, sides.filled(before, after), sides.filled(after, before))
    return Review(name, tuple(sorted((*wrong, *found.findings), key=_order)), found.changes)


def _order(finding: "Finding") -> int:
    return -finding.level


def _wrong(
    name: str, conflicts: set[PurePosixPath], stale: Mapping[str, list["Finding"]]
) -> list["Finding"]:
    """What makes the working tree itself none to merge."""
    from generator.repository import reach
    from generator.review.model import Finding, Level

    mine = [str(path) for path in sorted(conflicts) if reach.reached([path], [name])]
    found = [
        Finding("conflict", Level.ACTION, path, "a merge left it in conflict", "resolve, git add")
        for path in mine
    ]
    return [*found, *stale.get(name, [])]


def _stale(root: Path, names: list[str]) -> dict[str, list["Finding"]]:
    """What rendering would change, or why it cannot, by environment."""
    from generator.cli import render
    from generator.repository.reach import owner

    found: dict[str, list[Finding]] = {}
    if not names:
        return found
    try:
        changes, _ = render.plan(root, names)
    except GenError as error:
        for problem in error.problems:
            name = owner(PurePosixPath(problem.path), names)
            found.setdefault(name, []).append(_not_rendered(name, problem.message))
        return found
    paths: dict[str, list[PurePosixPath]] = {}
    for change in changes:
        paths.setdefault(owner(change.path, names), []).append(change.path)
    return {
        name: [_not_rendered(name, f"{_counted(mine)} would be rendered otherwise")]
        for name, mine in paths.items()
    }


def _left(root: Path, names: list[str]) -> dict[str, list["Finding"]]:
    """What is still there of environments whose values have gone: Flux goes on applying it."""
    from generator import render, repository

    found: dict[str, list[Finding]] = {}
    for name in names:
        folders = repository.folders(root, [glob.format(name=name) for glob in render.OWNED])
        if paths := [change.path for change in repository.changes(root, [], folders)]:
            message = f"is gone, and what was rendered from it is not: {_counted(paths)}"
            found[name] = [_not_rendered(name, message, "gen render")]
    return found


def _not_rendered(name: str, message: str, cure: str = "") -> "Finding":
    from generator import environment
    from generator.review.model import Finding, Level

    cure = cure or f"gen render --env {name}"
    return Finding("not-rendered", Level.ACTION, str(environment.path(name)), message, cure)


def _counted(paths: list[PurePosixPath]) -> str:
    return f"{paths[0]} and {len(paths) - 1} more" if len(paths) > 1 else str(paths[0])


def _notes(paths: Iterable[PurePosixPath]) -> Iterable[str]:
    """What else changes, of which Kubernetes does not see the effect."""
    if any(path.parts[:2] == ("infra", "lib") for path in paths):
        yield "infra/lib changes: only the provisioning plan shows what that does in Azure."
