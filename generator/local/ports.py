"""A wish -> a port on the loopback address that is ours until we give it back."""

import fcntl
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, repeat

from generator import programs

HOST = "127.0.0.1"
FIRST = 5000
"""MLflow's own port. macOS uses it for AirPlay, so it may be taken."""

_LAST = 5100
_ANY = 0


@contextmanager
def held(*, wish: bool = False) -> Iterator[int]:
    """Hold a free port: with `wish` the first one from FIRST on, else any.

    A lock of the user's, not a socket, holds it: the server must be able to take it, and two that
    start at once must not choose the same.
    """
    candidates: Iterable[int] = range(FIRST, _LAST) if wish else ()
    folder = programs.cache() / "ports"
    folder.mkdir(parents=True, exist_ok=True)
    for candidate in chain(candidates, repeat(_ANY)):
        port = candidate or _some()
        with (folder / str(port)).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            if _free(port):
                yield port
                return


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as sock:
        return sock.connect_ex((HOST, port)) == 0


def _some() -> int:
    with socket.socket() as sock:
        sock.bind((HOST, _ANY))
        port: int = sock.getsockname()[1]
        return port


def _free(port: int) -> bool:
    """Whether nobody answers there, nor holds the address.

    Both are asked: on macOS an address can be taken although another listens on all of them, and
    without SO_REUSEADDR the port of a server that has just stopped would look taken.
    """
    if answers(port):
        return False
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((HOST, port))
        except OSError:
            return False
    return True
