"""The name of a local server -> its folder, which Git ignores and which outlives the server."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import IO

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

    Two servers never share a folder: PostgreSQL would refuse, SQLite would not.
    """
    parent = root.resolve() / FOLDER
    parent.mkdir(mode=0o700, exist_ok=True)
    (parent / ".gitignore").write_text("*\n")
    for number in count(1):
        folder = parent / (name if number == 1 else f"{name}-{number}")
        folder.mkdir(mode=0o700, exist_ok=True)
        with (folder / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield Data(folder, lock)
            return
