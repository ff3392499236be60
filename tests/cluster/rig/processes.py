"""Commands -> running programs with a log each, none of which outlives the one that started it."""

import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from .errors import CannotRun
from .waiting import wait_for

# The kernel sends it when the starting thread ends, so that even a killed run leaves nothing.
DIES_WITH_ITS_PARENT = ("setpriv", "--pdeathsig", "KILL", "--")


@dataclass
class _Program:
    command: list[str]
    variables: dict[str, str]
    answers: Callable[[], bool]
    process: subprocess.Popen[bytes]


class Processes:
    """The servers of one cluster, by name. `inside` is the command that enters its namespaces."""

    def __init__(self, logs: Path, inside: Sequence[str] = ()) -> None:
        self._logs = logs
        self._inside = inside
        self._programs: dict[str, _Program] = {}

    def start(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        answers: Callable[[], bool] = lambda: True,
        **variables: str,
    ) -> None:
        """Start a program that says in its log what it says; `answers` tells when it is ready."""
        words = [str(word) for word in command]
        process = self._run(name, words, variables)
        self._programs[name] = _Program(words, variables, answers, process)

    def restart(self, name: str) -> None:
        """Start a program again as it was started before, and wait until it is ready."""
        self.kill(name)
        program = self._programs[name]
        program.process = self._run(name, program.command, program.variables)
        self.wait_until_ready(name)

    def restart_all(self, inside: Sequence[str]) -> None:
        """Start everything again, in order, in namespaces that take the place of ended ones."""
        for program in self._programs.values():
            program.process.wait()
        self._inside = inside
        for name in self._programs:
            self.restart(name)

    def wait_until_ready(self, *names: str) -> None:
        """Wait until programs answer; raise CannotRun at once when one of them has ended."""
        for name in names:
            program = self._programs[name]
            try:
                wait_for(f"answer from {name}", partial(self._answers, name, program), pause=0.05)
            except TimeoutError as error:
                raise CannotRun(f"{error}: {self.last_words(name)}") from None

    def kill(self, name: str, number: int = signal.SIGKILL) -> None:
        """Send a signal that ends the program, and wait until it has ended."""
        process = self._programs[name].process
        if process.poll() is None:
            os.kill(self.pid(name), number)
        process.wait()

    def kill_all(self) -> None:
        """End every program, the last started first."""
        for name in reversed(self._programs):
            self.kill(name)

    def pid(self, name: str) -> int:
        """The program's own number: behind `inside`, the child of the process that we started."""
        pid = self._programs[name].process.pid
        return child_of(pid) if self._inside else pid

    def last_words(self, name: str) -> str:
        lines = (self._logs / f"{name}.log").read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def _answers(self, name: str, program: _Program) -> bool:
        if program.process.poll() is not None:
            raise CannotRun(f"{name} ended: {self.last_words(name)}")
        return program.answers()

    def _run(
        self, name: str, command: list[str], variables: dict[str, str]
    ) -> subprocess.Popen[bytes]:
        with (self._logs / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [*DIES_WITH_ITS_PARENT, *self._inside, *command],
                env={**os.environ, **variables},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for us: we end what we started in our order
            )


def child_of(pid: int) -> int:
    """Wait for the one child of a process that is about to fork."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    return wait_for(f"child of {pid}", lambda: int(children.read_text() or 0), pause=0.01)
