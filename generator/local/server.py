"""A running MLflow server of this machine: where it answers, and when it does."""

import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from generator.local import ports
from generator.local.processes import Processes

# Ours alone: a proxy of the user's would not reach this machine.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Server:
    """What a client needs."""

    processes: Processes
    """What it is made of."""
    port: int
    data: Path
    """Where what outlives the server is."""
    user: str | None = None
    """None where the server asks nobody for a name."""
    password: Path | None = None
    """The file that holds the user's password."""

    @property
    def url(self) -> str:
        """The tracking URI."""
        return f"http://{ports.HOST}:{self.port}"

    @property
    def healthy(self) -> bool:
        """Whether it answers."""
        try:
            with _OPENER.open(f"{self.url}/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def wait(self) -> Self:
        """Return when it answers. Raises Ended when one of its processes ends before."""
        self.processes.until(lambda: self.healthy)
        return self
