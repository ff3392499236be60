"""The `gen` command: one module a group of commands, loaded when it is called.

Only this package prints. It imports nothing at its top but click and the errors, so that help and
completion answer at once.
"""

import importlib
import os
from pathlib import Path

import click

# The name, where it is, and its line in `gen --help`.
_COMMANDS = {
    "render": ("render:render", "Write the files of every environment."),
    "check": ("render:check", "Show what render would change, as a diff; exit 1 if anything."),
    "diff": (
        "review:diff",
        "Show what merging the working tree does to every cluster and to Azure.",
    ),
    "comment": (
        "comment:comment",
        "Post a run's review.json and plan-NAME.txt as comments on its pull request.",
    ),
    "set": ("edit:set_", "Change values of an environment file, check the result and render."),
    "promote": (
        "edit:promote",
        "Carry values over from one environment to another: the image, or the KEYs.",
    ),
    "init": (
        "init:init",
        "Make a fresh copy of this repository yours: edit every environment file.",
    ),
    "new": ("init:new", "Add an environment: a copy of another, with names of its own."),
    "validate": (
        "validate:validate",
        "Check what Flux would apply: it builds, fits its schemas and keeps our rules.",
    ),
    "secrets": ("secrets:secrets", "Make, change, list and check what is secret."),
    "list": (
        "environments:list_",
        "List the environments, each with its cluster, region, image and address.",
    ),
    "client": ("client:client", "Print a client's settings: address, user, where the password is."),
    "users": (
        "users:users",
        "Add and remove the users of a server, and say what each may do.",
    ),
    "local": (
        "local:local",
        "Run an MLflow server on this machine, until Ctrl-C; its data stays in .local/.",
    ),
    "restore": (
        "restore:restore",
        "Print the Job that restores a backup, from the cluster's own CronJob.",
    ),
    "schema": ("environments:schema", "Print the JSON Schema of an environment file, for editors."),
}


class _Commands(click.Group):
    """Commands whose module is imported when they are called or asked for their own help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        module, _, function = _COMMANDS[name][0].partition(":")
        command: click.Command = getattr(
            importlib.import_module(f"generator.cli.{module}"), function
        )
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "-C",
    "root",
    metavar="DIRECTORY",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=".",
    help="Work on the repository in DIRECTORY, as git does.",
)
@click.version_option(package_name="generator", prog_name="gen")
@click.pass_context
def gen(ctx: click.Context, root: Path) -> None:
    """Turn environments/NAME.yaml into what Flux reconciles and Azure provisions.

    Example: edit environments/prod.yaml, then "gen render --env prod".
    """
    ctx.obj = root
    if os.environ.get("NO_COLOR"):  # as no-color.org says: set and not empty
        ctx.color = False
