"""`gen init` and `gen new`: environment files that are yours, and one more."""

import re
import secrets
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from generator.environment.edit import Value
    from generator.yaml import Location


def _remote() -> str | None:
    """The repository's remote, in the form that Flux reads."""
    root: Path = click.get_current_context().obj
    command = ["git", "-C", str(root), "remote", "get-url", "origin"]
    try:
        url = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
    short = re.fullmatch(r"(?:([\w.-]+)@)?([\w.-]+):(?!//)(.+)", url)
    url = f"ssh://{short[1] or 'git'}@{short[2]}/{short[3]}" if short else url
    return url if url.startswith(("https://", "ssh://")) else None


@click.command()
@click.option("--subscription", prompt="Azure subscription id", help="The subscription's id.")
@click.option(
    "--location", prompt="Azure region", default="centralindia", help="The region's short name."
)
@click.option("--git-url", prompt="Git repository", default=_remote, help="What Flux follows.")
@click.option(
    "--suffix",
    prompt="Suffix of globally unique names",
    default=lambda: secrets.token_hex(4),
    help="4 to 8 of a-z and 0-9 that make names unique in all of Azure.",
)
@click.pass_obj
def init(root: Path, subscription: str, location: str, git_url: str, suffix: str) -> None:
    """Make a fresh copy of this repository yours: edit every environment file.

    Example: gen init --subscription "$(az account show --query id -o tsv)"
    """
    from generator import environment
    from generator.environment import own

    if not own.SUFFIX.fullmatch(suffix):
        raise click.BadParameter("must be 4 to 8 of a-z and 0-9", param_hint="--suffix")
    given: dict[Location, Value] = {
        ("azure", "subscription"): subscription,
        ("azure", "location"): location,
        ("git", "url"): git_url,
        ("git", "auth"): "ssh" if git_url.startswith("ssh://") else "none",
    }
    edits = {env.name: given | own.unique(env, suffix) for env in environment.load(root)}
    _write(root, edits)
    click.echo(
        "Next: set allowed_networks to the networks of your clients, then gen render.\n"
        "A private repository over https also needs git.auth: token."
    )


@click.command()
@click.argument("name")
@click.option("--from", "source", metavar="ENV", help="The environment to copy (default: first).")
@click.pass_obj
def new(root: Path, name: str, source: str | None) -> None:
    """Add an environment: a copy of another, with names of its own.

    Example: gen new qa --from staging
    """
    from generator import environment
    from generator.environment import own

    copied = environment.load(root, [source] if source else environment.names(root)[:1])[0]
    _write(root, {name: own.copied(copied, name)}, source=copied.name)
    click.echo(f"Next: read environments/{name}.yaml, then gen render.")
    if copied.secrets.provider == "sops":
        click.echo(f"Its secrets: gen secrets init --env {name}.")


def _write(
    root: Path, edits: "dict[str, dict[Location, Value]]", source: str | None = None
) -> None:
    """Edit the files (or a copy of `source`), check the results, then write them all."""
    from generator import environment
    from generator.environment import edit

    edit.write(root, edits, source)
    for name, values in edits.items():
        click.echo(f"{click.style('write', 'green')}  {environment.path(name)}")
        for location, value in values.items():
            click.echo(f"       {'.'.join(map(str, location))}: {value}")
