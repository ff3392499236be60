"""`gen local` as a user runs it, and what a machine has left of it afterwards."""

import os
import re
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

PATIENCE = 300  # seconds; two busy cores take a tenth of it


@dataclass
class Local:
    """One `gen local` in a process of its own."""

    repo: Path
    arguments: tuple[str, ...] = ()
    process: "subprocess.Popen[str]" = field(init=False)
    output: str = ""

    def start(self) -> "Local":
        return self.begin().ready()

    def ready(self) -> "Local":
        self.until("A client's settings:\n\n(?:.+\n)+\n")
        return self

    def begin(self) -> "Local":
        self.output = ""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "generator", "local", *self.arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.repo,
            env={**os.environ, "TMPDIR": str(self.repo / "tmp")},
            start_new_session=True,
        )
        return self

    def until(self, pattern: str) -> "re.Match[str]":
        """Read what it prints until `pattern` is there."""
        deadline = time.monotonic() + PATIENCE
        stdout = self.process.stdout
        while not (found := re.search(pattern, self.output)):
            left = deadline - time.monotonic()
            assert left > 0, f"no {pattern!r} in {PATIENCE} s: {self.output}"
            if select.select([stdout], [], [], min(left, 1))[0]:
                chunk = os.read(stdout.fileno(), 1 << 16).decode()
                assert chunk, f"ended with {self.process.wait()}: {self.output}"
                self.output += chunk
        return found

    def end(self, number: int = signal.SIGINT, *, alone: bool = True) -> int:
        """Send a signal; return the exit code, and if it was `alone` when nothing is left."""
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        self.output += self.process.stdout.read()
        self.process.stdout.close()
        if alone:
            gone(self.repo)
        return code

    @property
    def url(self) -> str:
        return re.search(r"^(http://\S+) answers", self.output, re.M)[1]

    @property
    def folder(self) -> Path:
        return self.repo / re.search(r"its data is in (\S+)", self.output)[1]

    @property
    def variables(self) -> dict[str, str]:
        """What the printed settings come to in bash, and nothing else of this process."""
        lines = "".join(re.findall(r"^export .*\n", self.output, re.M))
        script = f"{lines}env -0"
        clean = {"PATH": os.environ["PATH"]}
        printed = subprocess.check_output(["bash", "-c", script], env=clean, text=True)
        pairs = (entry.split("=", 1) for entry in printed.split("\0") if entry)
        return {name: value for name, value in pairs if name.startswith("MLFLOW_")}


def processes(repo: Path) -> dict[int, str]:
    """The command line of every process whose command or working folder is in `repo`.

    The temporary folder is there too, so that is all of them.
    """
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            place = (folder / "cwd").readlink()
        except OSError:
            continue
        if command and str(repo) in f"{command} {place}":
            found[int(folder.name)] = command
    return found


def gone(repo: Path) -> None:
    """Return when no process that was started in `repo` is left."""
    deadline = time.monotonic() + PATIENCE
    while left := processes(repo):
        assert time.monotonic() < deadline, left
        time.sleep(0.1)
