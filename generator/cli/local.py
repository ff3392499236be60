"""`gen local`: an MLflow server on this machine, until Ctrl-C."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from generator.cli import options
from generator.errors import GenError, Problem

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@click.command()
@click.option(
    "--like",
    "env_name",
    metavar="ENV",
    shell_complete=options.complete,
    help="With PostgreSQL, Azurite and the settings of this environment's manifests.",
)
@click.pass_obj
def local(root: Path, env_name: str | None) -> None:
    """Run an MLflow server on this machine, until Ctrl-C; its data stays in .local/.

    Without --like: SQLite, and no passwords. Port 5000, or the next that is free.

    Example: gen local --like dev
    """
    from generator import environment
    from generator import local as servers
    from generator.client import settings, shells
    from generator.local import data
    from generator.local.processes import Ended

    env = environment.load(root, [env_name])[0] if env_name else None
    if env and env.apps.mlflow.delivery == "helm":
        message = "apps.mlflow.delivery: a chart's server runs in a cluster alone; use kustomize"
        raise GenError([Problem(environment.path(env.name), None, message)])
    try:
        with _interrupted(), servers.serving(root, env, _say) as server:
            click.echo(f"{server.url} answers; Ctrl-C stops it. A client's settings:\n")
            click.echo(shells.bash(settings.of_local(server)))
            server.processes.until(lambda: False)
    except Ended as ended:
        raise GenError([Problem(data.FOLDER, None, str(ended))]) from None
    click.echo(f"stopped; the data stays in {data.FOLDER}/")


def _say(message: str) -> None:
    click.echo(message, err=True)


@contextmanager
def _interrupted() -> Iterator[None]:
    """End in good order, and well, on a signal; a second one changes nothing."""

    def interrupt(*_: object) -> None:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in _SIGNALS:
        signal.signal(number, interrupt)
    try:
        yield
    except KeyboardInterrupt:
        click.echo()
