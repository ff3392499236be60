"""`gen secrets init`, `set` and `rotate`: new values, encrypted, and the files that follow."""

import sys
from collections.abc import Iterable, Mapping
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


_FROM_AZURE = "comes from Azure. When the account is there:"
_COMMIT = "Next: commit and push."


def _next(secrets: "Iterable[Secret]") -> str:
    """What to do, and which pods then restart with new values."""
    raised = {secret.revision for secret in secrets}
    if not raised:
        return _COMMIT
    who = "PostgreSQL and MLflow" if ("secrets", "revision") in raised else "MLflow"
    return f"{_COMMIT} {who} then restart with it."


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
    missing = check.missing(before)
    file = key.path()
    own = key.recipients(root, file)
    if not own and not before.recipients:
        own = [key.create(root, file)]
        click.echo(f"{click.style('create', 'green')}  {file} (mode 0600; keep a copy elsewhere)")
    ruled = store.with_rule(before, own[:1])
    check.openable(ruled.recipients, own, file)
    new = {secret.name: values.random(secret) for secret in missing if secret.generated}
    after = store.with_values(ruled, sops.installed(root, file, say), new, _now()) if new else ruled
    write(root, [env_name], store.changes(before, after))
    click.echo(f"{len(new)} secrets made" + (f": {', '.join(new)}" if new else ""))
    for secret in chain.from_iterable(map(check.missing, [after, *others])):
        source = f"needs {secret.given}:" if secret.given else _FROM_AZURE
        click.echo(f"{secret.name} {source}\n  {check.cure(after.environment, secret)}")
    click.echo("Next: commit; and hand the key to Flux, once (docs/secrets.md).")


def _files(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> dict[str, bytes]:
    given: dict[str, bytes] = {}
    for text in texts:
        name, equals, file = text.partition("=")
        if not equals or name in given:
            raise click.BadParameter(f"{text}: write NAME=FILE, each name once")
        try:
            given[name] = Path(file).read_bytes()
        except OSError as error:
            raise click.BadParameter(f"{file}: {error.strerror}") from None
    return given


@click.command("set", short_help="Take values from standard input, a hidden prompt or files.")
@options.one_env
@click.option(
    "--file",
    "files",
    metavar="NAME=FILE",
    multiple=True,
    callback=_files,
    help="Take NAME from FILE; may be given more than once.",
)
@click.argument("name", required=False, shell_complete=_complete)
@click.pass_obj
def set_(root: Path, env_name: str, files: dict[str, bytes], name: str | None) -> None:
    """Take values from standard input, a hidden prompt or files. Pods restart with new ones.

    What must go together, such as a certificate and its key, is given at once.

    Example: gen secrets set --env prod --file tls-certificate=tls.crt --file tls-key=tls.key
    """
    from generator import environment
    from generator.secrets import encrypted, store, table

    if bool(files) == bool(name):
        raise click.UsageError("give NAME, or --file NAME=FILE")
    env = environment.load(root, [env_name])[0]
    secrets = [_secret(env, given) for given in ([name] if name else files)]
    if len({secret.kept for secret in secrets}) > 1:
        raise click.UsageError("these are kept in different files: set one, and then the other")
    before = store.of(env, root, secrets[0].kept)
    sops, ruled = _opened(root, before)
    new = {secret: files[secret.name] if files else _value(secret.name) for secret in secrets}
    _refuse_wrong(before, sops, new)
    there = encrypted.names(before.document) if before.exists else []
    # Flux reads its own ones each time.
    restarted = [s for s in secrets if s.key in there and s.kept is table.PODS]
    after = store.with_values(ruled, sops, {s.key: new[s].decode() for s in new}, _now())
    write(root, [env_name], _restart(root, env, restarted) | store.changes(before, after))
    are = "is" if len(new) == 1 else "are"
    click.echo(f"{', '.join(secret.name for secret in new)} {are} set. {_next(restarted)}")


def _refuse_wrong(kept: "Store", sops: "Sops", new: "Mapping[Secret, bytes]") -> None:
    """Raise GenError where a new value is wrong, or does not go with what is kept."""
    from generator.secrets import store, values

    rest = [one for one in kept.needed if one.lines and one not in new]
    plain = store.plain(kept, sops) if rest and any(one.lines for one in new) else {}
    others = {one: plain[one.key] for one in rest if one.key in plain}
    found = list(values.wrong(kept.environment, {**others, **new}))
    if found:
        raise GenError(
            Problem(kept.path, None, f"{s.name}: the new value {message}; nothing was written")
            for s, message in found
        )


@click.command(short_help="Make a new value; pods restart with it.")
@options.one_env
@_name
@click.pass_obj
def rotate(root: Path, env_name: str, name: str) -> None:
    """Make a new value, and raise secrets.revision so that pods restart with it.

    Example: gen secrets rotate --env staging database-password
    """
    from generator import environment
    from generator.render import infra
    from generator.secrets import check, store, table, values

    env = environment.load(root, [env_name])[0]
    secret = _secret(env, name)
    vault = env.secrets.provider == "key-vault"
    if secret.given and not (vault and secret.kept is table.PODS):
        message = f"{name}: needs {secret.given}; then: {check.cure(env, secret)}"
        raise GenError([Problem(environment.path(env_name), None, message)])
    if vault:
        write(root, [env_name], _restart(root, env, [secret]))
        file = f"{secret.variable}=FILE " if secret.given else ""
        click.echo(f"First: {file}{infra.script(env.name)} rotate-secret {name}\n{_next([secret])}")
        return
    before = store.of(env, root)
    sops = opened(root, before)
    if not secret.generated:
        command = check.cure(before.environment, secret)
        message = f"{name}: Azure makes it: renew a key there, then: {command}"
        raise GenError([Problem(before.path, None, message)])
    after = store.with_values(before, sops, {name: values.random(secret)}, _now())
    write(root, [env_name], _restart(root, env, [secret]) | store.changes(before, after))
    click.echo(f"{name} is new. {_next([secret])}")


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

    if kept.exists or not kept.kept.key:
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


def _restart(
    root: Path, env: "Environment", secrets: "Iterable[Secret]"
) -> dict[PurePosixPath, str]:
    """The environment file with raised revisions. Written before the secrets themselves:

    whoever is interrupted repeats the command, and no pod is left with an old value.
    """
    from generator import environment
    from generator.environment import edit, keys

    now = dict(keys.leaves(env))
    raised: dict[Location, Value] = {s.revision: int(str(now[s.revision])) + 1 for s in secrets}
    if not raised:
        return {}
    return {environment.path(env.name): edit.assign(environment.text(root, env.name), raised)}
