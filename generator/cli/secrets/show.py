"""`gen secrets list` and `check`: what is known of the secrets, and never a value."""

from collections.abc import Iterator
from itertools import chain
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

    vault = env.secrets.provider == "key-vault"
    dates: dict[tuple[str, str], str] = {}
    for kept in [] if vault else store.all_of(env, root):
        if kept.exists:
            known = dict.fromkeys(encrypted.names(kept.document), "unknown")
            known |= encrypted.changed(kept.document)
            dates |= {(kept.kept.name, key): date for key, date in known.items()}
    readers = (*table.workloads(env), table.FLUX)
    for secret in table.needed(env):
        is_flux_own = secret.kept is not table.PODS
        elsewhere = "handed to Flux" if is_flux_own else f"see {env.secrets.key_vault}"
        yield (
            env.name,
            secret.name,
            dates.get((secret.kept.name, secret.key), elsewhere if vault else "missing"),
            ", ".join(name for name in readers if name in secret.workloads),
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
    from generator import environment
    from generator.secrets import check, key, sops, store

    if env.secrets.provider == "key-vault":
        click.echo(f"{env.name}: not checked: the values are in {env.secrets.key_vault}")
        return
    first, *others = store.all_of(env, root)
    if not first.exists:
        click.echo(f"{env.name}: not initialised: gen secrets init --env {env.name}")
        return
    file = key.path()
    own = key.recipients(root, file)
    opened = sops.installed(root, file, say) if own else None
    for loaded in [first, *(other for other in others if other.exists)]:
        for line in check.notices(loaded, own, file):
            click.echo(f"{env.name}: {line}")
        yield from check.problems(loaded, own, opened)
    absent = [other for other in others if not other.exists]
    for secret in chain.from_iterable(map(check.missing, absent)):
        message = f"{secret.name}: is missing; run: {check.cure(env, secret)}"
        yield Problem(environment.path(env.name), None, message)
