"""Where a command goes, said before it goes there."""

from typing import TYPE_CHECKING

from generator.cli import notes
from generator.errors import Problem

if TYPE_CHECKING:
    from generator.client.access import Access


def say_where(access: "Access") -> None:
    """Print where MLFLOW_TRACKING_URI leads, where that is not the environment's own address."""
    if access.elsewhere:
        message = f"MLFLOW_TRACKING_URI leads to {access.url}, not to {access.elsewhere}"
        notes.notice(_of(access, message))


def warn_of_clear_text(access: "Access") -> None:
    """Print what `gen validate` does where passwords leave this machine without TLS."""
    from generator.client.access import is_here
    from generator.validate.rules import advice

    if not access.url.startswith("http:") or is_here(access.url):
        return
    if access.env.apps.mlflow.exposure.tls:
        message = f"passwords cross the network in clear text; use {access.elsewhere}"
        notes.warning(_of(access, f"MLFLOW_TRACKING_URI: {message}"))
    else:
        notes.warning(advice.in_clear_text(access.env))


def _of(access: "Access", message: str) -> Problem:
    from generator import environment

    return Problem(environment.path(access.env.name), None, message)
