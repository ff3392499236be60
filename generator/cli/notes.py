"""What is said aside of a result, on standard error."""

import click

from generator.errors import Problem


def notice(said: Problem) -> None:
    """Print what is worth knowing."""
    click.echo(f"{click.style('notice', 'cyan')}: {said}", err=True)


def warning(said: Problem) -> None:
    """Print what is a risk."""
    click.echo(f"{click.style('warning', 'yellow')}: {said}", err=True)
