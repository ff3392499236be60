"""Requests of Flux -> what it told GitHub and a chat, as both would have it.

Stands for GitHub Enterprise's API, as far as it takes the status of commits, and for the address
that takes a chat's messages.
"""

import json
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from .certificates import Authority, server

REPOSITORY = "example/mlflow-gitops"
HOOK = "/hooks/a-secret-that-is-part-of-the-address"

_STATUSES = re.compile(rf"/api/v3/repos/{REPOSITORY}/(commits/(\w+)/statuses|statuses/(\w+))")


@dataclass
class Outside:
    """What was told so far. `token` is the one that may set statuses."""

    url: str
    token: str
    statuses: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Those of each commit, the newest first."""
    messages: list[dict[str, Any]] = field(default_factory=list)
    """The chat's, the oldest first."""

    def state(self, commit: str, context: str) -> str | None:
        """Return the newest state of a commit under one name."""
        found = (one for one in self.statuses.get(commit, []) if one["context"] == context)
        return next((one["state"] for one in found), None)


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, outside: Outside, *arguments: Any) -> None:
        self._outside = outside
        super().__init__(*arguments)

    def do_GET(self) -> None:
        commit = self._commit()
        if commit:
            self._answer(HTTPStatus.OK, self._outside.statuses.get(commit, []))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == HOOK:
            self._outside.messages.append(body)
            self._answer(HTTPStatus.OK, {})
        elif commit := self._commit():
            self._outside.statuses.setdefault(commit, []).insert(0, body)
            self._answer(HTTPStatus.CREATED, body)

    def _commit(self) -> str | None:
        """The commit that the path names; else it answers as GitHub does."""
        match = _STATUSES.fullmatch(self.path.partition("?")[0])
        if match is None:
            self._answer(HTTPStatus.NOT_FOUND, {"message": "Not Found"})
        elif self.headers.get("Authorization") != f"Bearer {self._outside.token}":
            self._answer(HTTPStatus.UNAUTHORIZED, {"message": "Bad credentials"})
        else:
            return match[2] or match[3]
        return None

    def _answer(self, status: HTTPStatus, body: object) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Say nothing: what was told is what counts."""


@contextmanager
def serving(authority: Authority, address: str, token: str) -> Iterator[Outside]:
    """Serve over TLS at a free port of `address`, with a certificate that `authority` signed."""
    outside = Outside("", token)
    httpd = ThreadingHTTPServer((address, 0), partial(_Handler, outside))
    outside.url = f"https://{address}:{httpd.server_port}"
    pair = server(authority, "outside", [address])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    httpd.socket = context.wrap_socket(httpd.socket, server_side=True)
    thread = Thread(target=httpd.serve_forever, args=[0.05])
    thread.start()
    try:
        yield outside
    finally:
        httpd.shutdown()
        thread.join()
        httpd.server_close()
