"""What goes over the wire: requests, responses and Azure's refusals."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Request:
    """One HTTP request, its body read as JSON."""

    method: str
    host: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any = None

    @property
    def version(self) -> str:
        return self.query.get("api-version", "")


@dataclass
class Response:
    """One HTTP response; `body` is sent as JSON."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


class Refused(Exception):
    """Azure says no."""

    def __init__(self, status: int, code: str, message: str, **headers: str) -> None:
        super().__init__(message)
        self.response = Response(status, {"error": {"code": code, "message": message}}, headers)


def not_found(identifier: str) -> Refused:
    """Return what Azure says of a resource that is not there."""
    return Refused(404, "ResourceNotFound", f"The Resource '{identifier}' was not found.")
