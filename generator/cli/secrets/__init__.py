"""`gen secrets`: make, change, list and check what is secret, and never show it."""

import click

from generator.cli.secrets.change import init, rotate, set_
from generator.cli.secrets.recipients import recipients
from generator.cli.secrets.show import check, list_


@click.group()
def secrets() -> None:
    """Make, change, list and check what is secret.

    docs/secrets.md tells the whole story.

    Example: gen secrets init --env staging
    """


for command in (init, set_, rotate, list_, check, recipients):
    secrets.add_command(command)
