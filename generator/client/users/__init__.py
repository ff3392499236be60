"""An access -> the users of its server: added, permitted, removed, told."""

import http
import secrets
import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from generator.client.access import Access
from generator.client.asking import Failed
from generator.client.users import api, model, series, things
from generator.client.users.api import Api, Json
from generator.client.users.model import Grant, Thing, User
from generator.client.users.permissions import Elsewhere, Permissions
from generator.client.users.roles import Roles
from generator.client.users.series import Series, missing
from generator.errors import GenError

_ATTEMPTS = 3  # to delete a user: a request of theirs may still bring a new grant
_ROLES = (3, 16)


@dataclass(frozen=True)
class Users:
    """The users of a server. Actions raise GenError, or Failed where an answer is no success."""

    access: Access
    api: Api
    series: Series
    version: str

    def expect_none(self, name: str) -> None:
        """Raise GenError where a user has that name."""
        try:
            self.series.user(name)
        except Failed as failed:
            if not missing(failed):
                raise
        else:
            raise self._there(name)

    def add(self, name: str, password: str) -> None:
        """Make a user."""
        try:
            self.api.send("POST", f"{api.TWO}/users/create", username=name, password=password)
        except Failed as failed:
            raise self._there(name) if failed.code == series.THERE else failed from None

    def _there(self, name: str) -> GenError:
        cure = f"gen users password --env {self.access.env.name} {_word(name)}"
        message = f"a user {model.plain(name)} exists already; another password for them: {cure}"
        return self.access.error(message)

    def password(self, name: str, password: str) -> None:
        """Set a user's password. Whoever sets their own has logged in with the one of before."""
        own = self.access.password if name == self.access.user else None
        try:
            self.series.password(name, password, own)
        except Failed as failed:
            raise self._nobody(name) if missing(failed) else failed from None

    def user(self, name: str) -> User:
        """Return a user, with grants by name."""
        user = self._found(name)
        return replace(user, grants=tuple(things.named(self.api, user.grants)))

    def _found(self, name: str) -> User:
        try:
            return self.series.user(name)
        except Failed as failed:
            raise self._nobody(name) if missing(failed) else failed from None

    def _nobody(self, name: str) -> GenError:
        cure = f"gen users list --env {self.access.env.name}"
        return self.access.error(f"there is no user {model.plain(name)}; who there is: {cure}")

    def everybody(self) -> list[User]:
        """Return every user, by name."""
        try:
            return sorted(self.series.everybody(), key=lambda user: user.name)
        except Elsewhere:
            message = f"kubectl reaches the users of another server than {self.access.url}; "
            raise self.access.error(f"{message}kubectl config use-context") from None

    def permit(self, name: str, kind: str, what: str, permission: str) -> tuple[Thing, str]:
        """Give a permission; return for what, and which one the user had before."""
        if permission == model.DENIAL and not self.series.denies:
            raise self.access.error(_NO_DENIALS.format(version=self.version))
        user, thing = self._found(name), self._thing(kind, what)
        held = user.grant(thing)
        if not held or held.permission != permission:
            self.series.permit(user, thing, permission)
        return thing, held.permission if held else ""

    def floor(self, permission: str) -> str:
        """Return default_permission where it makes a grant idle, else "".

        From MLflow 3 on a grant takes nothing away.
        """
        default = self.access.env.apps.mlflow.auth.default_permission
        idle = not self.series.denies and model.is_less(permission, default)
        return default if idle else ""

    def _thing(self, kind: str, what: str) -> Thing:
        try:
            return things.find(self.api, kind, what)
        except things.NoSuch as no_such:
            raise self.access.error(str(no_such)) from None

    def revoke(self, name: str, kind: str, what: str) -> Grant | None:
        """Take a grant back, and return it; None where the user has none for that thing."""
        user = self.user(name)
        held = _of(user.grants, kind, what)
        if held:
            self.series.revoke(user, held)
        else:
            self._thing(kind, what)  # a mistyped name is an error
        return held

    def remove(self, name: str) -> dict[Thing, list[str] | None]:
        """Remove a user; return what they managed, and who but administrators does so now.

        None stands for "the server does not tell". Returns when the user cannot log in.
        """
        if name == self.access.user:
            raise self.access.error(
                f"{name} is who gen logs in as; log in as another administrator"
            )
        user = self.user(name)
        shut = secrets.token_urlsafe(24)
        self.series.password(name, shut, None)  # whatever happens next, nobody is let in
        self._expect_gone(name, shut, self._delete(name))
        managed = [grant.thing for grant in user.grants if grant.permission == "MANAGE"]
        others = self.series.everybody() if managed and self.series.lists else None
        return {
            thing: None if others is None else model.managers(others, thing) for thing in managed
        }

    def _delete(self, name: str) -> str:
        """Try to delete a user; return why it did not work. What counts is looked at next."""
        why = ""
        for _ in range(_ATTEMPTS):
            try:
                self.series.delete(self.series.user(name))
            except Failed as failed:
                if missing(failed):
                    break
                why = str(failed)
        return why

    def _expect_gone(self, name: str, password: str, why: str) -> None:
        """Raises GenError unless the server knows no such user, and lets none in."""
        again = f"gen users remove --env {self.access.env.name} {_word(name)}"
        if self._knows(name):
            message = (
                f"{model.plain(name)} cannot log in, but is not removed: {why}; again: {again}"
            )
            raise self.access.error(message)
        if self._lets_in(name, password):
            raise self.access.error(f"{model.plain(name)} can still log in; again: {again}")

    def _knows(self, name: str) -> bool:
        try:
            self.series.user(name)
        except Failed as failed:
            if not missing(failed):
                raise
            return False
        return True

    def _lets_in(self, name: str, password: str) -> bool:
        try:
            self.api.server.ask("/version", (name, password))
        except Failed as failed:
            if failed.status != http.HTTPStatus.UNAUTHORIZED:
                raise
            return False
        return True


_NO_DENIALS = (
    "MLflow {version} takes no NO_PERMISSIONS for one thing; instead: "
    "apps.mlflow.auth.default_permission: NO_PERMISSIONS, and a permission for what each may see"
)


def _word(name: str) -> str:
    """A user's name as a shell takes it."""
    return shlex.quote(model.plain(name))


def _of(grants: Iterable[Grant], kind: str, what: str) -> Grant | None:
    """The user's own grant for a thing of that name; of one that is gone, by its id."""
    kinds = (kind, "prompt") if kind == "model" else (kind,)
    own = [grant for grant in grants if not grant.role and grant.thing.kind in kinds]
    named = [grant for grant in own if grant.thing.name == what]
    return next(iter([*named, *(g for g in own if not g.thing.name and g.thing.key == what)]), None)


def opened(access: Access, rows: Callable[[], Iterable[Json]]) -> Users:
    """Return the users of a server, by the routes of its series. Raises Failed.

    `rows` reads the table of users, which MLflow 2.22 has no route to.
    """
    asked = api.opened(access.url, access.user, access.password)
    version = asked.version()
    spoken = ".".join(map(str, version))
    if version < (3,):
        return Users(access, asked, Permissions(asked, rows), spoken)
    if version < _ROLES:
        raise access.error(f"MLflow {spoken}: gen knows the users of 2.22, and of 3.16 and newer")
    return Users(access, asked, Roles(asked), spoken)
