"""MLflow's REST API, asked as one user."""

import re
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from generator.client import findings
from generator.client.asking import Failed, Server
from generator.client.findings import Finding

_PATIENCE = 60.0  # seconds: a busy server needs some to hash a password
TWO, THREE = "/api/2.0/mlflow", "/api/3.0/mlflow"
"""Where routes are. MLflow 3 has new ones below the second, and keeps the first."""

Json = dict[str, Any]


@dataclass(frozen=True)
class Api:
    """A server, and who asks."""

    server: Server
    user: str
    password: str = field(repr=False)

    def get(self, path: str, **query: str) -> Json:
        """Return what a GET answers. Raises Failed."""
        asked = f"{path}?{urllib.parse.urlencode(query)}" if query else path
        return self._ask("GET", asked, None)

    def send(self, method: str, path: str, **fields: object) -> Json:
        """Return what a request with a body answers. Raises Failed."""
        return self._ask(method, path, fields)

    def _ask(self, method: str, path: str, fields: Json | None) -> Json:
        try:
            answer = self.server.ask(path, (self.user, self.password), method, fields)
        except Failed as failed:
            raise _clearer(self.user, failed) from None
        return self.server.object(answer)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Raise Failed where an answer lacks what MLflow's has."""
        try:
            yield
        except (LookupError, TypeError, AttributeError):
            raise Failed(findings.wrong(self.server.url, "its answers are not MLflow's")) from None

    def pages(self, path: str, key: str, **query: str) -> Iterator[Json]:
        """Yield what is below `key` in each page of a search."""
        token = ""
        while True:
            page = self.get(path, **query, **({"page_token": token} if token else {}))
            yield from page.get(key, ())
            token = page.get("next_page_token", "")
            if not token:
                return

    def version(self) -> tuple[int, ...]:
        """Return MLflow's version. Raises Failed where it is none."""
        said = self.server.ask("/version", (self.user, self.password))
        found = re.match(rb"(\d+)\.(\d+)(?:\.(\d+))?", said)
        if not found:
            raise Failed(findings.wrong(self.server.url, "it names no version"))
        return tuple(int(number) for number in found.groups() if number)


def opened(url: str, user: str, password: str) -> Api:
    """Return the API of a server that is MLflow. Raises Failed."""
    Server(url).expect_health()
    return Api(Server(url, patience=_PATIENCE), user, password)


def _clearer(user: str, failed: Failed) -> Failed:
    """What an answer says of users and grants, which says less of a server's health."""
    finding = failed.finding
    if failed.status == 403 and "invalid host" not in finding.message:
        finding = Finding("403", f"{user} may not do this; it takes an administrator")
    elif failed.status == 404 and not failed.code:
        message = "the server has no such route: does it ask for users and passwords at all?"
        finding = Finding("404", message)
    elif 400 <= failed.status < 500 and failed.code and failed.status != 401:
        finding = Finding(str(failed.status), f"the server refuses this: {failed.code}")
    return Failed(finding, failed.status, failed.code)
