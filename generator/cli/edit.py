"""`gen set` and `gen promote`: values of an environment file changed, then everything rendered."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from generator.cli import options
from generator.cli.render import write
from generator.errors import GenError, Problem

if TYPE_CHECKING:
    from generator.environment import Environment
    from generator.environment.edit import Value
    from generator.yaml import Location

IMAGE = "apps.mlflow.image"
"""What is promoted where no key is named."""

# What one environment's people decided about their own users decides nothing for another's.
_OF_ITS_USERS = ("apps", "mlflow", "image", "migrate_without_denials")


def _complete(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from generator import environment
    from generator.environment import keys, messages

    root: Path = ctx.find_root().params.get("root") or Path()
    names = environment.names(root)[:1]
    known = keys.leaves(environment.load(root, names)[0]) if names else ()
    found = [messages.key(where) for where, _ in known]
    return [CompletionItem(key) for key in found if key.startswith(incomplete)]


def _pairs(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            raise click.BadParameter(f"{text}: write KEY=VALUE, such as {text}=3")
        if key in pairs:
            raise click.BadParameter(f"{key}: is given twice")
        pairs[key] = value
    return pairs


@click.command("set")
@options.one_env
@click.option(
    "--unset",
    "removed",
    metavar="KEY",
    multiple=True,
    shell_complete=_complete,
    help="Remove this value, so that its default holds; may be given more than once.",
)
@click.argument("pairs", metavar="[KEY=VALUE]...", nargs=-1, callback=_pairs)
@click.pass_obj
def set_(root: Path, env_name: str, removed: tuple[str, ...], pairs: dict[str, str]) -> None:
    """Change values of an environment file, check the result and render.

    A list is written [a,b]. Comments, order and quotes stay. Nothing is written if the result
    would be wrong.

    Example: gen set --env prod apps.mlflow.replicas=3 apps.mlflow.image.tag=2.22.1
    """
    if not pairs and not removed:
        raise click.UsageError("nothing to change; give KEY=VALUE or --unset KEY")
    if both := set(pairs) & set(removed):
        raise click.UsageError(f"{', '.join(sorted(both))}: is set and unset at once")
    edits, gone = _located(root, env_name, pairs, removed)
    _write(root, env_name, edits, gone)


def _located(
    root: Path, name: str, pairs: dict[str, str], removed: Iterable[str]
) -> tuple["dict[Location, Value]", "list[Location]"]:
    """Where each key stands, and its typed value. Raises GenError with every key that is wrong."""
    from generator import environment
    from generator.environment import keys

    environment.text(root, name)  # of one that is not there, keys are no matter
    edits: dict[Location, Value] = {}
    gone: list[Location] = []
    problems: list[Problem] = []
    for key, text in [*pairs.items(), *((key, None) for key in removed)]:
        try:
            where = keys.location(key)
            if text is None:
                gone.append(where)
            else:
                edits[where] = keys.typed(where, text)
        except ValueError as error:
            problems.append(Problem(environment.path(name), None, str(error)))
    if problems:
        raise GenError(problems)
    return edits, gone


@click.command()
@click.option(
    "--from", "source", metavar="NAME", required=True, help="The environment to copy from."
)
@click.option("--to", "target", metavar="NAME", required=True, help="The environment to change.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.argument("chosen", metavar="[KEY]...", nargs=-1, shell_complete=_complete)
@click.pass_obj
def promote(root: Path, source: str, target: str, yes: bool, chosen: tuple[str, ...]) -> None:
    """Carry values over from one environment to another: the image, or the KEYs.

    Shows what would change, asks, then edits and renders. A KEY may be a group, such as
    apps.mlflow.resources.

    Example: gen promote --from staging --to prod
    """
    from generator import environment
    from generator.environment import messages

    if source == target:
        raise click.UsageError("--from and --to name the same environment")
    _, groups = _located(root, source, {}, chosen or [IMAGE])
    before, after = environment.load(root, [target, source])
    changes = _differences(before, after, groups)
    if not changes:
        click.echo(f"{target} has the values of {source} already")
        return
    _show([(messages.key(where), old, new) for where, (old, new) in changes.items()])
    if not yes:
        click.confirm(f"Change {environment.path(target)}?", abort=True)
    edits: dict[Location, Any] = {where: new for where, (_, new) in changes.items()}
    gone = [where for where, new in edits.items() if new is None]
    _write(root, target, {where: edits[where] for where in edits if where not in gone}, gone)


def _differences(
    before: "Environment", after: "Environment", groups: "list[Location]"
) -> "dict[Location, tuple[Any, Any]]":
    """The values below `groups` that `before` has otherwise than `after`."""
    from generator.environment import keys

    old, new = dict(keys.leaves(before)), dict(keys.leaves(after))
    return {
        where: (old.get(where), new.get(where))
        for where in {**old, **new}
        if old.get(where) != new.get(where)
        and (where in groups or where != _OF_ITS_USERS)
        and any(keys.within(where, group) for group in groups)
    }


def _show(rows: list[tuple[str, Any, Any]]) -> None:
    from generator.environment import keys

    for key, old, new in rows:
        click.echo(f"{key}: {keys.spoken(old)} -> {keys.spoken(new)}")


def _write(
    root: Path, name: str, edits: "dict[Location, Value]", gone: "Iterable[Location]"
) -> None:
    """Edit the file's text, then check, render and write everything, or nothing."""
    from generator import environment
    from generator.environment import edit

    environment.parse(name, text := environment.text(root, name))
    try:
        text = edit.assign(edit.remove(text, gone), edits)
    except edit.Impossible as error:
        raise GenError([Problem(environment.path(name), None, str(error))]) from None
    write(root, [name], {environment.path(name): text})
