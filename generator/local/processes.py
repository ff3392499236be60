"""Commands -> processes that end, all of them, no later than the one that started them."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

_PAUSE = 0.05  # seconds
_SAID = 12  # lines of a log that say why a program ended

# A new process group names itself to the watcher before it becomes the command, so that there is
# no moment in which nobody would stop it. Standard input is the way to the watcher until then.
_NAMED = 'echo "group $$ $1" >&0 && shift && exec "$@" </dev/null'


class Ended(Exception):
    """A process ended that should not have: the message says which, how, and its last words."""


@dataclass(frozen=True)
class Running:
    """A started process."""

    name: str
    process: "subprocess.Popen[bytes]"
    log: Path

    def check(self) -> None:
        """Raises Ended when it has ended."""
        if self.process.poll() is not None:
            raise Ended(f"{self.name} ended with {self.process.returncode}: {self.last_words()}")

    def last_words(self) -> str:
        """Return the end of its log."""
        lines = self.log.read_text("utf-8", "replace").strip().splitlines()
        return "\n  ".join(["", *lines[-_SAID:]]) + f"\n(all of it: {self.log})"


@dataclass
class Processes:
    """What was started, each in a process group of its own, and the folder of their logs."""

    logs: Path
    pipe: IO[bytes]
    running: list[Running]
    told: list[bytes] = field(default_factory=list)
    """What the watcher was told, but for what the processes told it themselves."""

    def start(
        self,
        name: str,
        command: Sequence[str | Path],
        environment: Mapping[str, str],
        *,
        cwd: Path | None = None,
        stop: str = "TERM",
    ) -> Running:
        """Start `command`; the signal `stop` ends it. What it says is in a log of its own."""
        log = self.logs / f"{name}.log"
        with log.open("wb") as opened:
            process = subprocess.Popen(
                ["/bin/sh", "-c", _NAMED, "sh", stop, *command],
                stdin=self.pipe,
                stdout=opened,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=cwd,
                process_group=0,
            )
        running = Running(name, process, log)
        self.running.append(running)
        self.told.append(f"group {process.pid} {stop}\n".encode())
        return running

    def run(self, name: str, command: Sequence[str | Path], environment: Mapping[str, str]) -> None:
        """Run `command` to its end. Raises Ended unless that is a good one."""
        running = self.start(name, command, environment)
        self.until(lambda: running.process.poll() is not None, but=running)
        self.running.remove(running)
        self._tell(f"ended {running.process.pid}")
        if running.process.returncode:
            running.check()

    def until(self, ready: Callable[[], bool], *, but: Running | None = None) -> None:
        """Return when `ready()`. Raises Ended when a process ends before, other than `but`."""
        while not ready():
            for running in self.running:
                if running is not but:
                    running.check()
            time.sleep(_PAUSE)

    def folder(self, prefix: str) -> Path:
        """Make a folder that goes when the processes have gone."""
        folder = Path(tempfile.mkdtemp(prefix=prefix))
        self._tell(f"folder {folder}")
        return folder

    def end(self, watcher: Running) -> None:
        """Let go of the watcher; return when it has ended, and so has all that it knows of."""
        self.pipe.close()
        while watcher.process.poll() is None:
            for running in self.running:
                running.process.poll()  # a dead child that is not waited for counts as alive
            time.sleep(_PAUSE)

    def _tell(self, line: str) -> None:
        self.told.append(f"{line}\n".encode())
        self.pipe.write(self.told[-1])


@contextmanager
def started(logs: Path, lock: IO[str]) -> Iterator[Processes]:
    """Give a way to start processes; stop them all, the last one first, at the end.

    The same watcher does so here and where this process is killed. It has `lock` open until then.
    """
    logs.mkdir(parents=True, exist_ok=True)
    watcher, pipe = _watch(logs, lock)
    processes = Processes(logs, pipe, [watcher])
    try:
        yield processes
    finally:
        processes.end(watcher)
        if watcher.process.returncode:  # it was killed, so another has its work to do
            watcher, processes.pipe = _watch(logs, lock)
            for line in processes.told:
                processes.pipe.write(line)
            processes.end(watcher)


def _watch(logs: Path, lock: IO[str]) -> tuple[Running, IO[bytes]]:
    """Start a watcher; return it and the way to it."""
    end, way = os.pipe()
    log = logs / "watcher.log"
    with os.fdopen(end, "rb") as stdin, log.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-I", Path(__file__).with_name("watcher.py")],
            stdin=stdin,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=[lock.fileno()],
        )
    return Running("watcher", process, log), os.fdopen(way, "wb", buffering=0)
