"""`gen secrets recipients`: whose age keys open an environment's secrets."""

from collections.abc import Callable
from pathlib import Path

import click

from generator.cli import options
from generator.cli.render import write
from generator.cli.secrets.change import opened


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
    _reencrypt(root, env_name, lambda old: [*old, recipient])
    click.echo("Next: commit and push.")


@recipients.command()
@options.one_env
@click.argument("recipient")
@click.pass_obj
def remove(root: Path, env_name: str, recipient: str) -> None:
    """Let a key open no secret from now on. It still opens what is in the history: rotate that.

    Example: gen secrets recipients remove --env staging age1...
    """
    _reencrypt(root, env_name, lambda old: [key for key in old if key != recipient])
    click.echo(
        "The one removed opens what Git's history holds.\n"
        "Next: gen secrets rotate each secret; then commit and push."
    )


def _reencrypt(root: Path, env_name: str, change: Callable[[list[str]], list[str]]) -> None:
    """Give the secrets the recipients that `change` makes of the old ones, and list them."""
    from generator import environment
    from generator.secrets import check, key, store

    before = store.of(environment.load(root, [env_name])[0], root)
    sops = opened(root, before)
    keys = list(dict.fromkeys(change(before.recipients)))
    check.openable(keys, key.recipients(root, sops.key), sops.key)
    after = store.with_recipients(before, sops, keys)
    write(root, [env_name], store.changes(before, after))
    click.echo(f"The secrets of {env_name} are now for: {', '.join(keys)}")
