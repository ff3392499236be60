"""`gen client`: what a data scientist sets to reach an environment's server."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from generator.cli import options

if TYPE_CHECKING:
    from generator.environment import Environment


@click.command()
@options.one_env
@click.option(
    "--shell",
    type=click.Choice(["bash", "fish", "powershell", "dotenv"]),
    default="bash",
    help="What shall read it; bash is also for zsh.",
)
@click.option("--check", is_flag=True, help="Try the server with these settings instead.")
@click.pass_obj
def client(root: Path, env_name: str, shell: str, check: bool) -> None:
    """Print a client's settings: address, user, where the password is.

    The password itself is never printed. --check takes it from MLFLOW_TRACKING_PASSWORD, and says
    in a word what is wrong.

    Example: gen client --env prod --shell dotenv
    """
    from generator import environment
    from generator.client import settings, shells

    (env,) = environment.load(root, [env_name])
    if check:
        _check(env)
    else:
        click.echo(shells.SHELLS[shell](settings.of(env)), nl=False)


def _check(env: "Environment") -> None:
    from generator.cli import servers
    from generator.client import access, check
    from generator.client.asking import Failed

    found = access.of(env, os.environ, access.set_only(env))
    servers.say_where(found)
    if finding := check.check(found.url, found.user, found.password):
        raise found.failed(Failed(finding))
    click.echo(f"{found.url} is healthy, and {found.user} may log in")
