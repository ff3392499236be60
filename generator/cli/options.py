"""Options that several commands have."""

from pathlib import Path

import click
from click.shell_completion import CompletionItem


def complete(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the environments whose names start with what is typed."""
    root: Path = ctx.find_root().params.get("root") or Path()
    names = (file.stem for file in sorted((root / "environments").glob("*.yaml")))
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


env = click.option(
    "--env",
    "names",
    metavar="NAME",
    multiple=True,
    shell_complete=complete,
    help="Only this environment; may be given more than once.",
)

one_env = click.option(
    "--env",
    "env_name",
    metavar="NAME",
    required=True,
    shell_complete=complete,
    help="The environment.",
)
