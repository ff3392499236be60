"""A URL -> whether it answers, and what; always directly, whatever proxy the machine has set."""

import http.client
import socket
from urllib.parse import urlsplit


def answers(url: str, *, source: str = "", seconds: float = 5) -> bool:
    """Say whether a GET of `url` succeeds, sent from the address `source` if given."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(
        parts.netloc, timeout=seconds, source_address=(source, 0) if source else None
    )
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().status < http.client.BAD_REQUEST
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def listens(address: str, port: int) -> bool:
    """Say whether something accepts connections."""
    try:
        socket.create_connection((address, port), timeout=5).close()
    except OSError:
        return False
    return True
