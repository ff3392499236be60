"""What an address, an answer or an exception says is wrong: a word to look for, and a sentence."""

import errno
import http.client
import json
import re
import socket
import ssl
import time
import urllib.parse
import urllib.request
from dataclasses import dataclass

RENEWAL = 14  # days before a certificate expires that it is time to renew it
_DAY = 24 * 60 * 60  # seconds


@dataclass(frozen=True)
class Finding:
    """What is wrong: a word to look for, and what to do."""

    word: str
    message: str

    def __str__(self) -> str:
        return f"{self.word}: {self.message}"


def unusable(url: str) -> str | None:
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


def expiring(expiry: float) -> Finding | None:
    """What is soon wrong with a certificate that still serves. `expiry` is seconds since 1970."""
    left = expiry - time.time()
    if left > RENEWAL * _DAY:
        return None
    day = time.strftime("%Y-%m-%d", time.gmtime(expiry))
    message = f"serves, and expires on {day}, in {left / _DAY:.0f} days; renew it: docs/tls.md"
    return Finding("certificate", message)


def refusal(url: str, status: int, body: bytes) -> Finding:
    """What an HTTP status says. Nothing of the body is repeated: it may hold a password's hash."""
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
    return wrong(url, f"it answers {status}")


def code(body: bytes) -> str:
    """Return MLflow's word for what went wrong, or "" where it says none."""
    try:
        said = json.loads(body)["error_code"]
    except (ValueError, LookupError, TypeError):
        return ""
    return said if isinstance(said, str) and _CODE.fullmatch(said) else ""


_CODE = re.compile(r"[A-Z_]{1,60}")


def failure(url: str, error: Exception, patience: float) -> Finding:
    """What an exception says; the first that fits. `patience` is in seconds."""
    host = _host(url)
    if isinstance(error, socket.gaierror):
        return Finding("DNS", f"{host} has no address; is the name right, and the service there?")
    if isinstance(error, TimeoutError) or getattr(error, "errno", None) == errno.ETIMEDOUT:
        return Finding("timeout", f"{host} gives no answer in {patience:g} s")
    if isinstance(error, ssl.SSLError):
        return Finding("TLS", f"{host}: {error.reason or error}")
    if isinstance(error, ConnectionRefusedError):
        return Finding("refused", f"nothing listens at {host}")
    if isinstance(error, ConnectionError | http.client.HTTPException):
        return wrong(url, "it does not speak HTTP; is it https, or http?")
    return Finding("unreachable", f"{host}: {getattr(error, 'strerror', None) or error}")


def wrong(url: str, why: str) -> Finding:
    """What is said of a server that is another."""
    return Finding("wrong server", f"{_host(url)} is no MLflow: {why}")


def _host(url: str) -> str:
    return urllib.request.Request(url).host  # noqa: S310 - only taken apart
