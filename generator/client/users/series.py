"""What both series of MLflow can do with users, in the words of this project."""

from typing import Protocol

from generator.client.asking import Failed
from generator.client.users.model import Grant, Thing, User

MISSING = "RESOURCE_DOES_NOT_EXIST"
THERE = "RESOURCE_ALREADY_EXISTS"


class Series(Protocol):
    """The routes of one series. Each raises Failed where the server refuses."""

    denies: bool
    """Whether a grant can take away what default_permission gives."""
    lists: bool
    """Whether the server itself tells who its users are."""

    def user(self, name: str) -> User:
        """Return a user with all grants."""
        ...

    def everybody(self) -> list[User]:
        """Return every user with all grants."""
        ...

    def permit(self, user: User, thing: Thing, permission: str) -> None:
        """Give a permission in place of the one that the user has."""
        ...

    def revoke(self, user: User, grant: Grant) -> None:
        """Take a grant of the user's own back."""
        ...

    def password(self, name: str, password: str, own: str | None) -> None:
        """Set a password; `own` is the one of before where users set theirs themselves."""
        ...

    def delete(self, user: User) -> None:
        """Delete a user, and what hinders that."""
        ...


def missing(failed: Failed) -> bool:
    """Whether a server refused because what it was asked for is not there."""
    return failed.code == MISSING
