"""`gen secrets list` and `check`: what is known of the secrets, and never a value."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from generator.cli import options, tables
from generator.cli.secrets.change import say
from generator.errors import GenError, Problem

if TYPE_CHECKING:
    from generator.environment import Environment


@click.command("list", short_help="List names, last changes and users; never a value.")
@options.env
@click.pass_obj
def list_(root: Path, names: tuple[str, ...]) -> None:
    """List the secrets of each environment: last change, which workloads use it; never a value.

    Example: gen secrets list --env staging
    """
    from generator import environment

    rows = [("ENVIRONMENT", "SECRET", "LAST CHANGED", "USED BY", "WHAT FOR")]
    for env in environment.load(root, names):
        rows += _rows(root, env)
    tables.show(rows)


def _rows(root: Path, env: "Environment") -> Iterator[tuple[str, str, str, str, str]]:
    """A row for each secret that the environment needs."""
    from generator.secrets import encrypted, store, table

    dates: dict[str, str] = {}
    if env.secrets.provider == "key-vault":
        absent = f"see {env.secrets.key_vault}"
    else:
        absent = "missing"
        loaded = store.of(env, root)
        if loaded.text:
            dates = dict.fromkeys(encrypted.names(loaded.document), "unknown")
            dates |= encrypted.changed(loaded.document)
    for secret in table.needed(env):
        yield (
            env.name,
            secret.name,
            dates.get(secret.name, absent),
            ", ".join(name for name in table.workloads(env) if name in secret.workloads),
            secret.purpose,
        )


@click.command(short_help="Check the encrypted files, and with the key the values.")
@options.env
@click.pass_obj
def check(root: Path, names: tuple[str, ...]) -> None:
    """Check the encrypted files and, where the age key is at hand, the values in them.

    Exit 1 if anything is wrong.

    Example: gen secrets check --env staging
    """
    from generator import environment

    problems: list[Problem] = []
    for env in environment.load(root, names):
        problems += _check(root, env)
    if problems:
        raise GenError(problems)


def _check(root: Path, env: "Environment") -> Iterator[Problem]:
    """What is wrong in one environment; says what was looked at, and what could not be."""
    from generator.secrets import check, key, sops, store

    if env.secrets.provider == "key-vault":
        click.echo(f"{env.name}: not checked: the values are in {env.secrets.key_vault}")
        return
    loaded = store.of(env, root)
    if not loaded.text:
        click.echo(f"{env.name}: not initialised: gen secrets init --env {env.name}")
        return
    file = key.path()
    own = key.recipients(root, file)
    for line in check.notices(loaded, own, file):
        click.echo(f"{env.name}: {line}")
    yield from check.problems(loaded, own, sops.installed(root, file, say) if own else None)
