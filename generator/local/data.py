"""The name of a local server -> its folder, which Git ignores and which outlives the server."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import IO

from generator.errors import GenError, Problem

FOLDER = Path(".local")
"""Where the data of local servers is, from the repository's root."""


@dataclass(frozen=True)
class Data:
    """A folder that one server uses."""

    folder: Path
    lock: IO[str]
    """Whoever has this file open holds the folder, so the watcher gets it too."""

    def secret_file(self, name: str) -> Path:
        """Return where the secret `name` is. Another value may be put there, for the next start."""
        return self.folder / "secrets" / name

    def secret(self, name: str, make: Callable[[], str]) -> str:
        """Return the secret `name`, made where it is missing."""
        file = self.secret_file(name)
        if not file.exists():
            file.parent.mkdir(mode=0o700, exist_ok=True)
            file.touch(mode=0o600)
            file.write_text(make())
        return file.read_text().rstrip("\r\n")


@contextmanager
def held(root: Path, name: str) -> Iterator[Data]:
    """Hold the folder `name`, or where another server uses it the first free of `name-2`, ...

    Two servers never share a folder: PostgreSQL would refuse, SQLite would not. Raises GenError
    where there can be no folder.
    """
    try:
        data = _free(root.resolve() / FOLDER, name)
    except OSError as error:
        message = f"could not be written: {error.strerror or error}; make it a folder of yours"
        raise GenError([Problem(FOLDER, None, message)]) from None
    with data.lock:
        yield data


def _free(parent: Path, name: str) -> Data:
    """The first folder that no other server uses, held."""
    parent.mkdir(mode=0o700, exist_ok=True)
    (parent / ".gitignore").write_text("*\n")
    names = (name if number == 1 else f"{name}-{number}" for number in count(1))
    return next(data for one in names if (data := _taken(parent / one)))


def _taken(folder: Path) -> Data | None:
    """The folder, held; None where another server holds it."""
    folder.mkdir(mode=0o700, exist_ok=True)
    lock = (folder / ".lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return Data(folder, lock)
