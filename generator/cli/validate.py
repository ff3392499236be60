"""`gen validate`: what would go wrong in the cluster, said before anything is merged."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from generator.cli import notes, options
from generator.errors import GenError, Problem

if TYPE_CHECKING:
    from generator.environment import Environment


@click.command()
@options.env
@click.option("--since", metavar="REV", help="Only environments that differ from this revision's.")
@click.pass_obj
def validate(root: Path, names: tuple[str, ...], since: str | None) -> None:
    """Check what Flux would apply: it builds, fits its schemas and keeps our rules.

    Example: gen validate --env prod
    """
    from generator import environment
    from generator.validate import validate as check

    if since is not None:
        if not names and (unread := environment.unread(root)):
            raise GenError(unread)
        for name in names:
            environment.text(root, name)  # a mistyped one would differ from nothing
        names = tuple(name for name in _reached(root, since) if name in names or not names)
        if not names:
            click.echo(f"no environment differs from {since}")
            return
    environments = environment.load(root, names)
    problems = list(_unrendered(root, names))
    report = check(root, environments, _say)
    problems += report.problems
    for notice in report.notices:
        notes.notice(notice)
    warnings = [*report.warnings, *_migrations(root, environments, since)]
    for warning in warnings:
        notes.warning(warning)
    if problems:
        click.echo(GenError(problems).format_message(), err=True)
    click.echo(
        f"{_counted(len(environments), 'environment')}, {_counted(report.objects, 'object')}: "
        f"{_counted(len(problems), 'problem')}, {_counted(len(warnings), 'warning')}",
        err=bool(problems),
    )
    click.get_current_context().exit(1 if problems else 0)


def _reached(root: Path, since: str) -> list[str]:
    from generator import environment
    from generator.repository import reach, revision

    paths = revision.differing(root, revision.base(root, since, "--since").commit)
    return reach.reached(paths, environment.names(root))


def _migrations(
    root: Path, environments: Sequence["Environment"], since: str | None
) -> Iterator[Problem]:
    """What a newer MLflow does to the databases; nothing where Git does not tell the older."""
    from generator import environment
    from generator.repository import revision
    from generator.validate.rules import advice

    commit = _commit(root, since)
    wanted = {environment.path(env.name): env for env in environments}
    for path, text in revision.texts(root, commit, wanted).items() if commit else ():
        now = wanted[path]
        try:
            before = environment.check(now.name, environment.parse(now.name, text))
        except GenError:  # of a time with other values
            continue
        yield from advice.migration(before.apps.mlflow.image, now)


def _commit(root: Path, since: str | None) -> str | None:
    """The commit to compare with: of `since`, the remote's main branch, or the last one."""
    from generator.repository import revision

    for against in (since,) if since is not None else (None, "HEAD"):
        try:
            return revision.base(root, against).commit
        except GenError:
            continue
    return None


def _unrendered(root: Path, names: tuple[str, ...]) -> list[Problem]:
    """What `gen check` finds, on one line: other findings would be about files of yesterday."""
    from generator import environment
    from generator.cli import render

    try:
        changes, _ = render.plan(root, names)
    except GenError as error:
        return list(error.problems)
    if not changes:
        return []
    count = _counted(len(changes), "file")
    message = f'{count} not as the values say ("gen check" shows them); run "gen render"'
    return [Problem(environment.FOLDER, None, message)]


def _say(text: str) -> None:
    click.echo(text, err=True)


def _counted(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"
