"""`gen client`: what a data scientist sets to reach an environment's server."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from generator.cli import options
from generator.errors import GenError, Problem

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
    from generator import environment
    from generator.client import check, settings

    asked = os.environ.get("MLFLOW_TRACKING_URI", "")
    url = asked if settings.leads_to(env, asked) else settings.address(env) or asked
    user = os.environ.get("MLFLOW_TRACKING_USERNAME", env.apps.mlflow.auth.admin)
    password = os.environ.get("MLFLOW_TRACKING_PASSWORD")
    if not url or not password:
        cure = f'eval "$(gen client --env {env.name})"'
        missing = "MLFLOW_TRACKING_PASSWORD" if url else "MLFLOW_TRACKING_URI"
        message = f"{missing} is not set; run: {cure}"
        raise GenError([Problem(environment.path(env.name), None, message)])
    if finding := check.check(url.rstrip("/"), user, password):
        message = str(finding)
        if finding.word == "timeout":
            networks = ", ".join(env.apps.mlflow.exposure.allowed_networks)
            message += f"; is your network in allowed_networks, {networks}?"
        raise GenError([Problem(environment.path(env.name), None, message)])
    click.echo(f"{url} is healthy, and {user} may log in")
