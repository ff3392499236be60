"""`gen comment`: the reports of a workflow run, as comments on its pull request."""

import os
import re
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

import click

from generator.errors import GenError, Problem

_PLAN = re.compile(r"plan-([a-z][-a-z0-9]*)\.txt")
_VARIABLES = ("GITHUB_API_URL", "GITHUB_EVENT_PATH", "GITHUB_REPOSITORY", "GITHUB_TOKEN")
_LARGEST = 1 << 20  # bytes of a plan


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def comment(folder: Path) -> None:
    """Post a run's review.json and plan-NAME.txt as comments on its pull request.

    For a workflow that is triggered by workflow_run: GITHUB_EVENT_PATH says which run, GITHUB_TOKEN
    may write comments. A comment that is there already is put up to date.

    Example: gen comment reports
    """
    from generator import github

    variables = _variables()
    event = _event(Path(variables["GITHUB_EVENT_PATH"]))
    bodies = _bodies(folder, own=github.is_own(event))
    if not bodies:
        click.echo("no report; nothing to say")
        return
    repository = github.GitHub(
        variables["GITHUB_API_URL"], variables["GITHUB_REPOSITORY"], variables["GITHUB_TOKEN"]
    )
    try:
        number = github.pull_request(repository, event)
        if number is None:
            click.echo("no open pull request has this commit as its newest; nothing to say")
            return
        for name, body in bodies.items():
            click.echo(f"{name}: {github.comment(repository, number, body)} on #{number}")
    except github.Refused as error:
        raise GenError([Problem(PurePath("GitHub"), None, str(error))]) from None


def _variables() -> Mapping[str, str]:
    if missing := [name for name in _VARIABLES if not os.environ.get(name)]:
        raise click.UsageError(f"{', '.join(missing)}: not set; a workflow sets them")
    return os.environ


def _event(file: Path) -> Mapping[str, Any]:
    from generator import github

    try:
        return github.event(file.read_bytes())
    except ValueError as error:
        message = f"{error}; GitHub writes this file"
    except OSError as error:
        message = error.strerror or str(error)
    raise GenError([Problem(file, None, message)])


def _bodies(folder: Path, *, own: bool) -> dict[str, str]:
    """The comment of each file. Of a fork's run only the review counts: it cannot plan."""
    from generator.review import report
    from generator.review.formats import markdown

    bodies: dict[str, str] = {}
    problems: list[Problem] = []
    for file in sorted(path for path in folder.glob("*") if path.is_file()):
        data: Any = file.read_bytes()[: report.LARGEST + 1]
        plan = _PLAN.fullmatch(file.name)
        if file.name == "review.json":
            try:
                bodies[file.name] = markdown.write(report.read(data))
            except ValueError as error:
                problems.append(Problem(PurePath(file.name), None, str(error)))
        elif plan and own:
            text = data[:_LARGEST].decode("utf-8", "replace")
            bodies[file.name] = markdown.plan(plan[1], text)
    if problems:
        raise GenError(problems)
    return bodies
