"""`gen secrets init`, `set` and `rotate`: new values, encrypted, and the files that follow."""

import sys
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from generator.cli import options
from generator.cli.render import write
from generator.errors import GenError, Problem

if TYPE_CHECKING:
    from generator.environment import Environment
    from generator.environment.edit import Value
    from generator.secrets.sops import Sops
    from generator.secrets.store import Store
    from generator.secrets.table import Secret
    from generator.yaml import Location


def _complete(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from generator.secrets.table import TABLE

    return [
        CompletionItem(secret.name, help=secret.purpose)
        for secret in TABLE
        if secret.name.startswith(incomplete)
    ]


_NEXT = "Next: commit and push. PostgreSQL and MLflow then restart with it."
_FROM_AZURE = "comes from Azure. When the account is there:"

_name = click.argument("name", shell_complete=_complete)


@click.command(short_help="Make every secret that is missing, and the age key.")
@options.one_env
@click.pass_obj
def init(root: Path, env_name: str) -> None:
    """Make every secret that the environment lacks, and the age key when there is none.

    May be repeated: what is there stays as it is.

    Example: gen secrets init --env staging
    """
    from generator import environment
    from generator.secrets import check, key, sops, store, values

    before, *others = store.all_of(environment.load(root, [env_name])[0], root)
    file = key.path()
    own = key.recipients(root, file)
    if not own and not before.recipients:
        own = [key.create(root, file)]
        click.echo(f"{click.style('create', 'green')}  {file} (mode 0600; keep a copy elsewhere)")
    ruled = store.with_rule(before, own[:1])
    check.openable(ruled.recipients, own, file)
    new = {
        secret.name: values.random(secret) for secret in check.missing(ruled) if secret.generated
    }
    after = store.with_values(ruled, sops.installed(root, file, say), new, _now()) if new else ruled
    write(root, [env_name], store.changes(before, after))
    click.echo(f"{len(new)} secrets made" + (f": {', '.join(new)}" if new else ""))
    for secret in chain.from_iterable(map(check.missing, [after, *others])):
        source = f"needs {secret.given}:" if secret.given else _FROM_AZURE
        click.echo(f"{secret.name} {source}\n  {check.cure(after.environment, secret)}")
    click.echo("Next: commit; and hand the key to Flux, once (docs/secrets.md).")


@click.command("set", short_help="Take a value from standard input or a hidden prompt.")
@options.one_env
@_name
@click.pass_obj
def set_(root: Path, env_name: str, name: str) -> None:
    """Take a value from standard input or a hidden prompt. Pods restart where it replaces one.

    Example: printf %s "$VALUE" | gen secrets set --env staging admin-password
    """
    from generator import environment
    from generator.secrets import encrypted, store, values

    env = environment.load(root, [env_name])[0]
    secret = _secret(env, name)
    before = store.of(env, root, secret.kept)
    sops, ruled = _opened(root, before)
    value = _value(name)
    if problems := list(values.problems(before.environment, secret, value)):
        raise GenError(
            Problem(before.path, None, f"{name}: the new value {message}; nothing was written")
            for message in problems
        )
    replaces = bool(before.text) and secret.key in encrypted.names(before.document)
    restarts = replaces and not secret.given  # Flux reads its own ones each time
    after = store.with_values(ruled, sops, {secret.key: value.decode()}, _now())
    write(
        root, [env_name], (_restart(root, env) if restarts else {}) | store.changes(before, after)
    )
    click.echo(f"{name} is set. {_NEXT if restarts else 'Next: commit and push.'}")


@click.command(short_help="Make a new value; pods restart with it.")
@options.one_env
@_name
@click.pass_obj
def rotate(root: Path, env_name: str, name: str) -> None:
    """Make a new value, and raise secrets.revision so that pods restart with it.

    Example: gen secrets rotate --env staging database-password
    """
    from generator import environment
    from generator.secrets import check, store, values

    env = environment.load(root, [env_name])[0]
    secret = _secret(env, name)
    if secret.given:
        message = f"{name}: needs {secret.given}; then: {check.cure(env, secret)}"
        raise GenError([Problem(environment.path(env_name), None, message)])
    if env.secrets.provider == "key-vault":
        write(root, [env_name], _restart(root, env))
        click.echo(f"First: {store.script(env)} rotate-secret {name}\n{_NEXT}")
        return
    before = store.of(env, root)
    sops = opened(root, before)
    if not secret.generated:
        command = check.cure(before.environment, secret)
        message = f"{name}: Azure makes it: renew a key there, then: {command}"
        raise GenError([Problem(before.path, None, message)])
    after = store.with_values(before, sops, {name: values.random(secret)}, _now())
    write(root, [env_name], _restart(root, env) | store.changes(before, after))
    click.echo(f"{name} is new. {_NEXT}")


def _secret(env: "Environment", name: str) -> "Secret":
    """The secret of that name, if the environment needs it."""
    from generator.secrets import table

    needed = {secret.name: secret for secret in table.needed(env)}
    if name not in needed:
        message = f"{env.name} needs no {name!r}; it needs {', '.join(needed)}"
        raise click.BadParameter(message, param_hint="NAME")
    return needed[name]


def _opened(root: Path, kept: "Store") -> "tuple[Sops, Store]":
    """Sops, and the store with a rule: a file that is not there yet is for those of MLflow's."""
    from generator.secrets import store

    if kept.text or not kept.kept.key:
        return opened(root, kept), kept
    first = store.of(kept.environment, root)
    return opened(root, first), store.with_rule(kept, first.recipients)


def opened(root: Path, kept: "Store") -> "Sops":
    """Sops, with a key that opens what is kept. Raises GenError with the reason why not."""
    from generator.secrets import check, encrypted, key, sops

    opening = encrypted.recipients(kept.document)
    file = key.path()
    check.openable(opening, key.recipients(root, file), file)
    return sops.installed(root, file, say)


def say(line: str) -> None:
    """Print what takes a while, aside."""
    click.echo(line, err=True)


def _value(name: str) -> bytes:
    """A value from a prompt that shows nothing, or from a pipe.

    The line break that programs put behind a line of output is not part of it.
    """
    if sys.stdin.isatty():
        value: str = click.prompt(name, hide_input=True, confirmation_prompt=True, err=True)
        return value.encode()
    data = sys.stdin.buffer.read()
    value_ = data.removesuffix(b"\n").removesuffix(b"\r")
    if value_ != data:
        click.echo("the line break at its end was left out", err=True)
    return value_


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _restart(root: Path, env: "Environment") -> dict[PurePosixPath, str]:
    """The environment file with a raised revision. Written before the secret itself:

    whoever is interrupted repeats the command, and no pod is left with an old value.
    """
    from generator import environment
    from generator.environment import edit

    raised: dict[Location, Value] = {("secrets", "revision"): env.secrets.revision + 1}
    return {environment.path(env.name): edit.assign(environment.text(root, env.name), raised)}
