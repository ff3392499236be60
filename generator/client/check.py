"""An address, a user and a password -> what is wrong, in a word and a sentence, or nothing."""

import base64
import errno
import http.client
import json
import os
import socket
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from typing import IO, Any

PATIENCE = 10.0  # seconds
RENEWAL = 14  # days before a certificate expires that it is time to renew it
_DAY = 24 * 60 * 60  # seconds
_LARGEST = 1 << 16  # bytes of an answer that are read
_SEARCH = "/api/2.0/mlflow/experiments/search?max_results=1"


@dataclass(frozen=True)
class Finding:
    """What is wrong: a word to look for, and what to do."""

    word: str
    message: str

    def __str__(self) -> str:
        return f"{self.word}: {self.message}"


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


def check(
    url: str,
    user: str,
    password: str,
    *,
    patience: float = PATIENCE,
    environ: Mapping[str, str] = os.environ,
) -> Finding | None:
    """Ask for health, and when it is good as `user`; return what is wrong first.

    Proxies and the server's certificate are found as MLflow's client finds them.
    """
    if why := _unusable(url):
        return Finding("address", why)
    authority = environ.get("MLFLOW_TRACKING_SERVER_CERT_PATH")
    try:
        context = ssl.create_default_context(cafile=authority)
    except OSError as error:
        return Finding("TLS", f"MLFLOW_TRACKING_SERVER_CERT_PATH, {authority}: {error.strerror}")
    https = _HttpsHandler(context)
    opener = urllib.request.build_opener(_NoRedirect, https)
    health = _ask(opener, f"{url}/health", {}, patience)
    if health != b"OK":
        return health if isinstance(health, Finding) else _wrong(url, "its health is another's")
    credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
    answer = _ask(opener, url + _SEARCH, {"Authorization": f"Basic {credentials}"}, patience)
    if isinstance(answer, Finding):
        return answer
    if not _is_object(answer):
        return _wrong(url, "its answers are not MLflow's")
    return _expiring(https.expiry) if https.expiry else None


def _unusable(url: str) -> str | None:
    """Why a text cannot be a server's address. What may be a password is not said again."""
    try:
        parts = urllib.parse.urlsplit(url)
        host = parts.hostname or ""
        host.encode("idna")
        usable = url.isascii() and url.isprintable() and " " not in url and parts.port != 0
    except ValueError:  # of a port, a bracket or a label
        host, usable = "", False
    if "@" in url:
        names = "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
        return f"it holds a user or a password; they belong in {names}"
    if usable and host and parts.scheme in ("http", "https"):
        return None
    if url.rstrip("/") in ("http:", "https:"):
        where = "kubectl --namespace mlflow get service mlflow"
        return f"{url!r} names no server; has its Service an address yet? {where}"
    return f"{url!r} is none; write http:// or https://, a host, and :PORT where it has another"


def _expiring(expiry: float) -> Finding | None:
    """What is soon wrong with a certificate that still serves."""
    left = expiry - time.time()
    if left > RENEWAL * _DAY:
        return None
    day = time.strftime("%Y-%m-%d", time.gmtime(expiry))
    message = f"serves, and expires on {day}, in {left / _DAY:.0f} days; renew it: docs/tls.md"
    return Finding("certificate", message)


def _ask(
    opener: urllib.request.OpenerDirector, url: str, headers: Mapping[str, str], patience: float
) -> bytes | Finding:
    """Return the answer, or why there is none."""
    request = urllib.request.Request(url, headers=dict(headers))  # noqa: S310 - http or https
    try:
        with opener.open(request, timeout=patience) as answer:
            return bytes(answer.read(_LARGEST))
    except urllib.error.HTTPError as error:
        with error:
            return _refusal(url, error.code, error.read(_LARGEST))
    except urllib.error.URLError as error:
        reason = error.reason if isinstance(error.reason, Exception) else error
        return _failure(url, reason, patience)
    except (OSError, http.client.HTTPException) as error:
        return _failure(url, error, patience)


def _refusal(url: str, status: int, body: bytes) -> Finding:
    """What an HTTP status says."""
    if status == http.HTTPStatus.UNAUTHORIZED:
        return Finding("401", "the user or the password is wrong")
    if status == http.HTTPStatus.FORBIDDEN:
        if b"invalid host" in body.lower():
            message = "invalid host: the server does not know itself by this address"
            return Finding("403", f"{message}; apps.mlflow.exposure.hosts must name it")
        return Finding("403", "the server, or a proxy before it, forbids the request")
    if status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
        return Finding(
            str(status), "the server is up but cannot work; does PostgreSQL? see docs/operations.md"
        )
    return _wrong(url, f"it answers {status}")


def _failure(url: str, error: Exception, patience: float) -> Finding:
    """What an exception says; the first that fits."""
    host = urllib.request.Request(url).host  # noqa: S310 - only taken apart
    if isinstance(error, socket.gaierror):
        return Finding("DNS", f"{host} has no address; is the name right, and the service there?")
    if isinstance(error, TimeoutError) or getattr(error, "errno", None) == errno.ETIMEDOUT:
        return Finding("timeout", f"{host} gives no answer in {patience:g} s")
    if isinstance(error, ssl.SSLError):
        return Finding("TLS", f"{host}: {error.reason or error}")
    if isinstance(error, ConnectionRefusedError):
        return Finding("refused", f"nothing listens at {host}")
    if isinstance(error, ConnectionError | http.client.HTTPException):
        return _wrong(url, "it does not speak HTTP; is it https, or http?")
    return Finding("unreachable", f"{host}: {getattr(error, 'strerror', None) or error}")


def _wrong(url: str, why: str) -> Finding:
    host = urllib.request.Request(url).host  # noqa: S310 - only taken apart
    return Finding("wrong server", f"{host} is no MLflow: {why}")


def _is_object(answer: bytes) -> bool:
    try:
        return isinstance(json.loads(answer), dict)
    except ValueError:
        return False
