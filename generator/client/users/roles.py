"""MLflow 3.16: a grant is a row of a role, and each user has a role that is nobody else's."""

from collections.abc import Iterator
from dataclasses import dataclass

from generator.client.users.api import THREE, TWO, Api, Json
from generator.client.users.model import Grant, Thing, User

_RESOURCES = {"registered_model": "model"}
_KINDS = {kind: resource for resource, kind in _RESOURCES.items()}


@dataclass(frozen=True)
class Roles:
    """The routes of MLflow 3.16."""

    api: Api
    denies = False
    lists = True

    def user(self, name: str) -> User:
        """Return a user with all grants."""
        with self.api.reading():
            found = self.api.get(f"{TWO}/users/get", username=name)["user"]
            roles = self.api.get(f"{THREE}/users/roles/list", username=name)["roles"]
            return _user(found, roles)

    def everybody(self) -> list[User]:
        """Return every user with all grants."""
        with self.api.reading():
            found = self.api.get(f"{TWO}/users/list")["users"]
            return [_user(one, one["roles"]) for one in found]

    def permit(self, user: User, thing: Thing, permission: str) -> None:
        """Give a permission in place of the one that the user has; never is there none between."""
        if held := user.grant(thing):
            path = f"{THREE}/roles/permissions/update"
            self.api.send("PATCH", path, role_permission_id=held.row, permission=permission)
            return
        path = f"{THREE}/users/permissions/grant"
        self.api.send("POST", path, **_named(user, thing), permission=permission)

    def revoke(self, user: User, grant: Grant) -> None:
        """Take a grant of the user's own back."""
        path = f"{THREE}/users/permissions/revoke"
        self.api.send("POST", path, **_named(user, grant.thing))

    def password(self, name: str, password: str, own: str | None) -> None:
        """Set a password; users who set theirs themselves say the one of before."""
        before = {} if own is None else {"current_password": own}
        path = f"{TWO}/users/update-password"
        self.api.send("PATCH", path, username=name, password=password, **before)

    def delete(self, user: User) -> None:
        """Delete a user; the server deletes the role that is nobody else's."""
        self.api.send("DELETE", f"{TWO}/users/delete", username=user.name)


def _named(user: User, thing: Thing) -> dict[str, str]:
    resource = _KINDS.get(thing.kind, thing.kind)
    return {"username": user.name, "resource_type": resource, "resource_id": thing.key}


def _user(found: Json, roles: list[Json]) -> User:
    number = found["id"]
    grants = tuple(_grants(roles, f"__user_{number}__"))
    return User(number, found["username"], bool(found["is_admin"]), grants)


def _grants(roles: list[Json], own: str) -> Iterator[Grant]:
    for role in roles:
        for row in role["permissions"]:
            resource = row["resource_type"]
            thing = Thing(_RESOURCES.get(resource, resource), row["resource_pattern"])
            name = "" if role["name"] == own else role["name"]
            yield Grant(thing, row["permission"], name, row["id"])
