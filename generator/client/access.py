"""An environment -> address, user and password of its server: what is set, else what is fetched."""

import ipaddress
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from generator import environment
from generator.client import commands, settings
from generator.client.asking import Failed
from generator.client.settings import PASSWORD, URI, USERNAME, Value
from generator.environment import Environment
from generator.errors import GenError, Problem

Fetch = Callable[[str, Value], str]
"""The name of a variable that is not set, and what `gen client` prints for it -> its value."""


@dataclass(frozen=True)
class Access:
    """Where a server is, and who asks it."""

    env: Environment
    url: str
    user: str
    password: str = field(repr=False)
    fetched: bool = False
    """Whether the password is what the secret holds, and no variable's."""

    @property
    def elsewhere(self) -> str | None:
        """The environment's own address, where MLFLOW_TRACKING_URI says another."""
        known = settings.address(self.env)
        is_own = known == self.url or settings.leads_to(self.env, self.url)
        return None if is_own else known

    def error(self, message: str) -> GenError:
        """Return what is wrong, said of the environment's file."""
        return GenError([Problem(environment.path(self.env.name), None, message)])

    def failed(self, failed: Failed, cure: str = "") -> GenError:
        """Return what is wrong with an answer, and its cure."""
        message = f"{failed.finding}"
        if failed.finding.word == "timeout":
            networks = ", ".join(self.env.apps.mlflow.exposure.allowed_networks)
            cure = f"is your network in allowed_networks, {networks}?"
        return self.error(f"{message}; {cure}" if cure else message)

    @property
    def again(self) -> str:
        """What to do where the server refuses the user or the password."""
        if self.fetched:
            return "the secret admin-password is another than the server's: has it been rolled out?"
        fetch = f'eval "$(gen client --env {self.env.name})"'
        return f"{PASSWORD} is of before, or of another server: {fetch}"


def of(env: Environment, environ: Mapping[str, str], fetch: Fetch) -> Access:
    """Return the access that the variables give; `fetch` returns what they leave out.

    A user without a password beside it is nobody's: the administrator's password is fetched.
    """
    known = settings.of(env).variables
    url = _set_address(env, environ.get(URI, "")) or fetch(URI, known[URI])
    password = environ.get(PASSWORD)
    user = (environ.get(USERNAME) if password else None) or env.apps.mlflow.auth.admin
    found = password or fetch(PASSWORD, known[PASSWORD])
    return Access(env, url.rstrip("/"), user, found, fetched=not password)


def _set_address(env: Environment, url: str) -> str:
    """Return the address that is set, if any. Raises GenError where it is another environment's."""
    own = settings.address(env)
    ours = url.rstrip("/") == own or settings.leads_to(env, url) or is_here(url)
    if own and url and not ours:
        cure = f"unset {URI}, or name the environment that it is for"
        message = f"{URI} is {url}, and this environment's server is {own}; {cure}"
        raise GenError([Problem(environment.path(env.name), None, message)])
    return url


def is_here(url: str) -> bool:
    """Whether an address is this machine's: a server of `gen local`, or a forwarded port."""
    try:
        host = urllib.parse.urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def set_only(env: Environment) -> Fetch:
    """Return a Fetch that runs nothing: what is not known is to be set."""

    def fetch(name: str, value: Value) -> str:
        if not value.command:
            return value.text
        cure = f'eval "$(gen client --env {env.name})"'
        message = f"{name} is not set; run: {cure}"
        raise GenError([Problem(environment.path(env.name), None, message)])

    return fetch


def run_in(root: Path, env: Environment) -> Fetch:
    """Return a Fetch that runs what `gen client` prints, in the repository `root`."""

    def fetch(name: str, value: Value) -> str:
        try:
            if found := commands.text(root, value):
                return found
            why = f"{value.command[0]} prints nothing"
        except commands.CannotRun as cannot:
            why = str(cannot)
        message = f"{name} is not set, and cannot be fetched: {why}; set it, or see docs/client.md"
        raise GenError([Problem(environment.path(env.name), None, message)])

    return fetch
