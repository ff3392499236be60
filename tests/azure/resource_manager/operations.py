"""A running operation's name -> the headers that tell a client where to ask for it."""

from .certificate import DOMAIN

LOCATED = "location"
SOON = {"x-ms-retry-after-ms": "50"}  # Azure says 15 s or so; clients take milliseconds, too


def under_way(name: str, *, located: bool) -> dict[str, str]:
    """Return the headers; a `located` operation ends with what it made, others with a status."""
    address = f"https://management.{DOMAIN}/operations/{name}?api-version="
    if located:
        return SOON | {"Location": address + LOCATED}
    return SOON | {"Azure-AsyncOperation": address + "status"}
