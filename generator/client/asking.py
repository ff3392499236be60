"""A server's address -> what it answers, or why there is no answer.

Proxies and the server's certificate are found as MLflow's client finds them.
"""

import base64
import http.client
import json
import os
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from email.message import Message
from typing import IO, Any

from generator.client import findings
from generator.client.findings import Finding

PATIENCE = 10.0  # seconds
_LARGEST = 1 << 26  # bytes of an answer that are read


class Failed(Exception):
    """The server does not answer, or answers with an error."""

    def __init__(self, finding: Finding, status: int = 0, code: str = "") -> None:
        super().__init__(str(finding))
        self.finding = finding
        self.status = status
        """Of HTTP; 0 where nothing answered."""
        self.code = code
        """MLflow's own word for it, such as RESOURCE_DOES_NOT_EXIST."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """MLflow sends nobody elsewhere, and a password must not follow."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: Message,
        newurl: str,
    ) -> None:
        """Take the redirection for the answer."""


class _HttpsHandler(urllib.request.HTTPSHandler):
    """Asks by https, through a proxy too, and notes when the server's certificate expires."""

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(context=context)
        self.context = context
        self.expiry: float | None = None
        """Seconds since 1970; None before any server has shown a certificate."""

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        """Open by a connection that looks at the certificate once it is trusted."""
        return self.do_open(self._connection, req)

    def _connection(self, host: str, **options: Any) -> http.client.HTTPSConnection:
        handler = self

        class Connection(http.client.HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                if shown := self.sock.getpeercert():
                    handler.expiry = ssl.cert_time_to_seconds(str(shown["notAfter"]))

        return Connection(host, context=self.context, **options)


class Server:
    """MLflow at an address; each request is a connection of its own."""

    def __init__(
        self, url: str, *, patience: float = PATIENCE, environ: Mapping[str, str] = os.environ
    ) -> None:
        """Raises Failed where `url` cannot be a server's, or the named authority is not a file."""
        if why := findings.unusable(url):
            raise Failed(Finding("address", why))
        self.url = url.rstrip("/")
        self._patience = patience  # seconds
        self._https = _HttpsHandler(_context(environ))
        self._opener = urllib.request.build_opener(_NoRedirect, self._https)

    def expect_health(self) -> None:
        """Raises Failed unless the server is MLflow: before any password is sent to it."""
        if self.ask("/health") != b"OK":
            raise Failed(findings.wrong(self.url, "its health is another's"))

    def ask(
        self,
        path: str,
        login: tuple[str, str] | None = None,
        method: str = "GET",
        fields: Mapping[str, object] | None = None,
    ) -> bytes:
        """Return the answer to a request, as user and password. Raises Failed."""
        headers = _authorization(*login) if login else {}
        data = None
        if fields is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(fields).encode()
        url = f"{self.url}{path}"
        return self._answer(
            urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - http or https
        )

    def _answer(self, request: urllib.request.Request) -> bytes:
        try:
            with self._opener.open(request, timeout=self._patience) as answer:
                return bytes(answer.read(_LARGEST))
        except urllib.error.HTTPError as error:
            with error:
                body = error.read(_LARGEST)
            finding = findings.refusal(self.url, error.code, body)
            raise Failed(finding, error.code, findings.code(body)) from None
        except urllib.error.URLError as error:
            reason = error.reason if isinstance(error.reason, Exception) else error
            raise Failed(findings.failure(self.url, reason, self._patience)) from None
        except (OSError, http.client.HTTPException) as error:
            raise Failed(findings.failure(self.url, error, self._patience)) from None

    def object(self, answer: bytes) -> dict[str, Any]:
        """Return the JSON object that an answer is. Raises Failed."""
        try:
            read = json.loads(answer)
        except ValueError:
            read = None
        if not isinstance(read, dict):
            raise Failed(findings.wrong(self.url, "its answers are not MLflow's"))
        return read

    @property
    def expiring(self) -> Finding | None:
        """What is soon wrong with the certificate that was shown."""
        return findings.expiring(self._https.expiry) if self._https.expiry else None


def _context(environ: Mapping[str, str]) -> ssl.SSLContext:
    authority = environ.get("MLFLOW_TRACKING_SERVER_CERT_PATH")
    try:
        return ssl.create_default_context(cafile=authority)
    except OSError as error:
        message = f"MLFLOW_TRACKING_SERVER_CERT_PATH, {authority}: {error.strerror}"
        raise Failed(Finding("TLS", message)) from None


def _authorization(user: str, password: str) -> dict[str, str]:
    credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {credentials}"}
