"""`gen render` and `gen check`: the values and the disk, made the same or compared."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import click

from generator.cli import options, progress

if TYPE_CHECKING:
    from generator.repository import Change

_COLOURS = {"create": "green", "update": "yellow", "delete": "red"}


@click.command()
@options.env
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors.")
@click.pass_obj
def render(root: Path, names: tuple[str, ...], quiet: bool) -> None:
    """Write the files of every environment.

    Example: gen render --env prod
    """
    from generator import repository

    changes, total = plan(root, names)
    repository.apply(root, changes)
    if quiet:
        return
    _report(changes)
    counts = Counter(change.verb for change in changes)
    unchanged = total - counts["create"] - counts["update"]
    click.echo(
        f"{counts['create']} created, {counts['update']} updated, {counts['delete']} deleted, "
        f"{unchanged} unchanged"
    )


@click.command()
@options.env
@click.option("--quiet", "-q", is_flag=True, help="Print nothing; only the exit code tells.")
@click.pass_obj
def check(root: Path, names: tuple[str, ...], quiet: bool) -> None:
    """Show what render would change, as a diff; exit 1 if anything.

    Example: gen check --env prod
    """
    changes, total = plan(root, names)
    if changes and not quiet:
        for change in changes:
            click.echo(_coloured(change.diff()), nl=False)
        click.echo(f'{len(changes)} files differ; "gen render" writes them', err=True)
    elif not quiet:
        click.echo(f"{total} files are what the values say")
    click.get_current_context().exit(1 if changes else 0)


def write(root: Path, names: Sequence[str], texts: Mapping[PurePosixPath, str]) -> None:
    """Write `texts`, then what rendering makes of them; nothing if that would fail."""
    from generator import repository

    changes, _ = plan(root, names, texts)
    repository.apply(root, changes)
    _report(changes)


def plan(
    root: Path, names: Sequence[str], pending: Mapping[PurePosixPath, str] | None = None
) -> tuple[list["Change"], int]:
    """Every change, known before the first write, and the number of rendered files.

    `pending` are files that are to be written first, and that rendering depends on.
    """
    from generator import environment, render, repository
    from generator.secrets import table

    pending = pending or {}
    texts = {path.stem: text for path, text in pending.items() if path.parent == environment.FOLDER}
    environments = environment.load(root, names, texts)
    possible = [render.secrets(env, kept) for env in environments for kept in table.kept(env)]
    encrypted = {path for path in possible if path in pending or (root / path).is_file()}
    files = [
        file
        for env in progress.bar(environments, "rendering")
        for file in render.files(env, encrypted=encrypted)
    ]
    globs = [glob.format(name=name) for name in names or ["*"] for glob in render.OWNED]
    first = repository.writes(root, pending)
    return first + repository.changes(root, files, repository.folders(root, globs)), len(files)


def _report(changes: Iterable["Change"]) -> None:
    """Print what was done to which file, a line each."""
    for change in changes:
        click.echo(f"{click.style(change.verb, _COLOURS[change.verb])}  {change.path}")


def _coloured(diff: str) -> str:
    colours = {"+": "green", "-": "red", "@": "cyan"}
    return "".join(
        click.style(line, colours.get(line[:1])) for line in diff.splitlines(keepends=True)
    )
