"""Users, what they were granted, and what gen refuses before it asks a server."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from generator.environment import Environment

DENIAL = "NO_PERMISSIONS"
_RANKS = (DENIAL, "READ", "EDIT", "MANAGE")
EVERYTHING = "*"
SHORTEST = 12  # characters of a password: with fewer, MLflow refuses it
_LONGEST_PASSWORD = 200
_LONGEST = 255  # characters of a name in MLflow's table of users
_LONGEST_THING = (
    3000  # characters of a name in a request's first line, of which gunicorn takes 4094
)


@dataclass(frozen=True)
class Thing:
    """What a grant is for."""

    kind: str
    """experiment, model, prompt, or what else the server has."""
    key: str
    """What the server knows it by: an experiment's id, a model's name, * for every one."""
    name: str = ""
    """What people know it by; empty where nothing has that key."""
    deleted: bool = False

    def __str__(self) -> str:
        return f"{self.kind} {self.called}"

    @property
    def called(self) -> str:
        """Its name as a terminal may show it."""
        if self.key == EVERYTHING:
            return "of any name"
        if not self.name:
            return f"{plain(self.key)} (gone)"
        return plain(self.name) + (" (deleted)" if self.deleted else "")

    @property
    def identity(self) -> tuple[str, str]:
        """What makes it this one, named or not."""
        return self.kind, self.key


@dataclass(frozen=True)
class Grant:
    """One permission of a user, for one thing or for all of a kind."""

    thing: Thing
    permission: str
    role: str = ""
    """Where it comes from a role that several users may have."""
    row: int = 0
    """The server's number of it, from MLflow 3 on."""

    def manages(self, thing: Thing) -> bool:
        """Whether it makes its user one who manages `thing`."""
        held = self.thing.kind, self.thing.key
        every = ("workspace", EVERYTHING), (thing.kind, EVERYTHING), thing.identity
        return self.permission == "MANAGE" and held in every


@dataclass(frozen=True)
class User:
    """A user as the server knows it."""

    number: int
    name: str
    is_admin: bool
    grants: tuple[Grant, ...] = ()

    def grant(self, thing: Thing) -> Grant | None:
        """Return the user's own grant for a thing, which no role gives."""
        own = (grant for grant in self.grants if not grant.role)
        return next((grant for grant in own if grant.thing.identity == thing.identity), None)


def managers(users: Iterable[User], thing: Thing) -> list[str]:
    """Return the names of those users, administrators aside, who manage a thing."""
    return sorted(
        user.name
        for user in users
        if not user.is_admin and any(grant.manages(thing) for grant in user.grants)
    )


def is_less(permission: str, than: str) -> bool:
    """Whether a permission allows less than another."""
    return _RANKS.index(permission) < _RANKS.index(than)


def plain(text: str) -> str:
    """Return a text that a user chose, without what would move a terminal's cursor."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def wrong_name(name: str) -> str | None:
    """Why no user can have a name, or None."""
    if not name:
        return "a user's name is empty"
    if len(name) > _LONGEST:
        return f"a user's name has {len(name)} characters; {_LONGEST} is the most"
    return _unwritable("a user's name", name)


def wrong_new_name(name: str) -> str | None:
    """Why a user could not log in by a name, or None."""
    if why := wrong_name(name):
        return why
    if ":" in name:
        return "a user's name with a colon could not log in: basic authentication ends it there"
    if name != name.strip() or not name.isprintable():
        return "a user's name has no blanks at its ends, and nothing invisible"
    return None


def wrong_thing(kind: str, name: str) -> str | None:
    """Why nothing can have a name, or None."""
    if not name:
        return f"the {kind}'s name is empty"
    if len(name.encode(errors="replace")) * 3 > _LONGEST_THING:
        return f"the {kind}'s name is too long to ask for"
    return _unwritable(f"the {kind}'s name", name)


def wrong_password(password: str) -> str | None:
    """Why a password cannot be one, in words that do not repeat it, or None."""
    if len(password) < SHORTEST:
        return f"the password has {len(password)} characters; {SHORTEST} or more are needed"
    if len(password) > _LONGEST_PASSWORD:
        return f"the password has {len(password)} characters; {_LONGEST_PASSWORD} is the most"
    if re.search(r"[\r\n]", password):
        return "the password is one line; what was given has several"
    return _unwritable("the password", password)


def _unwritable(what: str, text: str) -> str | None:
    if any(unicodedata.category(character) == "Cs" for character in text):
        return f"{what} is not UTF-8"
    if any(unicodedata.category(character) == "Cc" for character in text):
        return f"{what} holds a control character"
    return None


def refused(env: Environment, action: str, name: str) -> str | None:
    """Why gen does not do `action` to the administrator of an environment, or None for others."""
    if name != env.apps.mlflow.auth.admin or action not in _REFUSALS:
        return None
    why = _REFUSALS[action].format(env=env.name)
    return f"apps.mlflow.auth.admin: {name} is the administrator, {why}"


_SECRET = "gen secrets rotate --env {env} admin-password"  # noqa: S105 - a command
_EVERYTHING = "who may do everything, with and without a grant; name another user"
_REFUSALS = {
    "add": "whom every start of the server makes; choose another name",
    "password": f"who gets the secret's password at every start; change that: {_SECRET}",
    "permit": _EVERYTHING,
    "revoke": _EVERYTHING,
    "remove": "whom every start makes again; first let somebody else be it, and merge: "
    "gen set --env {env} apps.mlflow.auth.admin=NAME",
}
