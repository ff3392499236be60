"""`gen secrets recipients`: whose age keys open an environment's secrets."""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path, PurePosixPath

import click

from generator.cli import options
from generator.cli.render import write
from generator.cli.secrets.change import opened
from generator.errors import GenError, Problem


@click.group(short_help="Say whose keys open the secrets.")
def recipients() -> None:
    """Say whose age keys open an environment's secrets, and encrypt them anew.

    Example: gen secrets recipients add --env staging age1...
    """


@recipients.command()
@options.one_env
@click.argument("recipient")
@click.pass_obj
def add(root: Path, env_name: str, recipient: str) -> None:
    """Let one more key open the secrets.

    Example: gen secrets recipients add --env staging age1...
    """
    from generator.secrets import key

    if not key.is_recipient(recipient):
        message = "is no public age key: age1 and 58 more characters"
        raise click.BadParameter(message, param_hint="RECIPIENT")
    _reencrypt(root, env_name, add=[recipient])
    click.echo("Next: commit and push.")


@recipients.command()
@options.one_env
@click.argument("recipient")
@click.pass_obj
def remove(root: Path, env_name: str, recipient: str) -> None:
    """Let a key open no secret from now on. It still opens what is in the history: rotate that.

    Example: gen secrets recipients remove --env staging age1...
    """
    _reencrypt(root, env_name, remove=[recipient])
    click.echo(
        "The one removed opens what Git's history holds.\n"
        "Next: gen secrets rotate each secret; then commit and push."
    )


def _reencrypt(
    root: Path, env_name: str, add: Collection[str] = (), remove: Collection[str] = ()
) -> None:
    """Change whom the secrets are for, in .sops.yaml and in the encrypted file."""
    from generator import environment
    from generator.secrets import key, rules, store

    first, *others = store.all_of(environment.load(root, [env_name])[0], root)
    sops = opened(root, first)
    old = first.recipients
    if unknown := [one for one in remove if one not in old]:
        message = f"{unknown[0]} is no recipient for {env_name}; these are: {', '.join(old)}"
        raise GenError([Problem(rules.PATH, None, message)])
    new = [one for one in dict.fromkeys([*old, *add]) if one not in remove]
    if not set(new) & set(key.recipients(root, sops.key)):
        message = f"would lock you out: no other recipient has a key in {sops.key}"
        raise GenError([Problem(rules.PATH, None, message)])
    changes: dict[PurePosixPath, str] = {}
    text = first.rules
    for before in [first, *(other for other in others if other.exists)]:
        after = store.with_recipients(replace(before, rules=text), sops, new)
        text = after.rules
        changes |= store.changes(before, after)
    write(root, [env_name], changes)
    click.echo(f"The secrets of {env_name} are now for: {', '.join(new)}")
