"""MLflow 2.22: a grant is a row for a user and an experiment or a registered model."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from generator.client.asking import Failed
from generator.client.users.api import TWO, Api, Json
from generator.client.users.model import Grant, Thing, User

Rows = Callable[[], Iterable[Json]]
"""What the table of users holds: id and username."""


@dataclass(frozen=True)
class Permissions:
    """The routes of MLflow 2.22."""

    api: Api
    rows: Rows
    """How to read the table of users, for which there is no route."""
    denies = True
    lists = False

    def user(self, name: str) -> User:
        """Return a user with all grants."""
        with self.api.reading():
            return _user(self.api.get(f"{TWO}/users/get", username=name)["user"])

    def everybody(self) -> list[User]:
        """Return every user of the table. Raises Elsewhere where the server has other ones."""
        return [self._same(row) for row in self.rows()]

    def _same(self, row: Json) -> User:
        try:
            user = self.user(row["username"])
        except Failed as failed:
            if failed.code:
                raise Elsewhere from None
            raise
        if user.number != row["id"]:
            raise Elsewhere
        return user

    def permit(self, user: User, thing: Thing, permission: str) -> None:
        """Give a permission in place of the one that the user has."""
        method, verb = ("PATCH", "update") if user.grant(thing) else ("POST", "create")
        path, key = _route(thing)
        self.api.send(method, f"{path}/{verb}", **key, username=user.name, permission=permission)

    def revoke(self, user: User, grant: Grant) -> None:
        """Take a grant back."""
        path, key = _route(grant.thing)
        self.api.send("DELETE", f"{path}/delete", **key, username=user.name)

    def password(self, name: str, password: str, own: str | None) -> None:
        """Set a password."""
        self.api.send("PATCH", f"{TWO}/users/update-password", username=name, password=password)

    def delete(self, user: User) -> None:
        """Delete a user, grants first: with one of them left, the server refuses."""
        for grant in user.grants:
            self.revoke(user, grant)
        self.api.send("DELETE", f"{TWO}/users/delete", username=user.name)


class Elsewhere(Exception):
    """The table is of another server than the one that was asked."""


def _user(found: Json) -> User:
    grants = [
        *(
            Grant(Thing("experiment", row["experiment_id"]), row["permission"])
            for row in found["experiment_permissions"]
        ),
        *(
            Grant(Thing("model", row["name"]), row["permission"])
            for row in found["registered_model_permissions"]
        ),
    ]
    return User(found["id"], found["username"], bool(found["is_admin"]), tuple(grants))


def _route(thing: Thing) -> tuple[str, dict[str, str]]:
    if thing.kind == "experiment":
        return f"{TWO}/experiments/permissions", {"experiment_id": thing.key}
    return f"{TWO}/registered-models/permissions", {"name": thing.key}
