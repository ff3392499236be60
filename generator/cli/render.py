"""`gen render` and `gen check`: the values and the disk, made the same or compared."""

from collections import Counter
from pathlib import Path
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

    changes, total = _plan(root, names)
    repository.apply(root, changes)
    if quiet:
        return
    for change in changes:
        click.echo(f"{click.style(change.verb, _COLOURS[change.verb])}  {change.path}")
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
    changes, total = _plan(root, names)
    if changes and not quiet:
        for change in changes:
            click.echo(_coloured(change.diff()), nl=False)
        click.echo(f'{len(changes)} files differ; "gen render" writes them', err=True)
    elif not quiet:
        click.echo(f"{total} files are what the values say")
    click.get_current_context().exit(1 if changes else 0)


def _plan(root: Path, names: tuple[str, ...]) -> tuple[list["Change"], int]:
    """Every change, known before the first write, and the number of rendered files."""
    from generator import environment, render, repository

    environments = environment.load(root, names)
    files = [
        file
        for env in progress.bar(environments, "rendering")
        for file in render.files(env, encrypted=(root / render.secrets(env)).is_file())
    ]
    globs = [glob.format(name=name) for name in names or ["*"] for glob in render.OWNED]
    return repository.changes(root, files, repository.folders(root, globs)), len(files)


def _coloured(diff: str) -> str:
    colours = {"+": "green", "-": "red", "@": "cyan"}
    return "".join(
        click.style(line, colours.get(line[:1])) for line in diff.splitlines(keepends=True)
    )
