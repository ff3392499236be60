"""However the one that started processes ends, they end, and so do those that they started."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from generator.local import processes
from generator.local.processes import Ended
from tests.local.servers import gone
from tests.local.servers import processes as running

# Starts a shell with a child of its own, and then `END`.
SCRIPT = """
import fcntl, os, signal, sys, time
from pathlib import Path
from generator.local import processes
place = Path.cwd()
with (place / "lock").open("w") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    with processes.started(place / "logs", lock) as started:
        temporary = started.folder("mlflow-")
        (temporary / "file").write_text("something")
        started.start("parent", ["sh", "-c", "MORE sleep 600 & echo ready; wait"], os.environ)
        started.until(lambda: "ready" in (place / "logs/parent.log").read_text())
        print("started", flush=True)
        END
"""
ENDS = {
    "falls off its end": "",
    "fails": "raise SystemExit('a bug')",
    "is killed": "os.kill(os.getpid(), signal.SIGKILL)",
    "is interrupted": "os.kill(os.getpid(), signal.SIGINT); time.sleep(600)",
    "sees one of them end": "os.kill(started.running[1].process.pid, 9); started.until(lambda: 0)",
    "loses the watcher": "os.kill(started.running[0].process.pid, 9); started.until(lambda: 0)",
}


def run(place: Path, end: str, more: str = "") -> None:
    """Run SCRIPT in `place` to its end."""
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT.replace("END", end).replace("MORE", more)],
        cwd=place,
        env={**os.environ, "TMPDIR": str(place)},
        capture_output=True,
        text=True,
    )
    assert result.stdout == "started\n", result.stderr


@pytest.mark.parametrize("end", ENDS)
def test_nothing_is_left_when_the_starter(end, tmp_path):
    run(tmp_path, ENDS[end])
    gone(tmp_path)
    assert list(tmp_path.glob("mlflow-*")) == []
    assert (tmp_path / "logs/watcher.log").read_text() == ""


def test_the_lock_is_held_until_all_is_stopped(tmp_path):
    """A server that starts now must not find the old one still writing: here it is slow to go."""
    run(tmp_path, ENDS["is killed"], more="trap '' TERM; ")
    with (tmp_path / "lock").open("w") as lock:
        with pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert running(tmp_path)
        fcntl.flock(lock, fcntl.LOCK_EX)  # what ignores the signal is killed after ten seconds
        assert list(tmp_path.glob("mlflow-*")) == []
        gone(tmp_path)


@pytest.fixture
def started(tmp_path):
    with (tmp_path / "lock").open("w") as lock, processes.started(tmp_path, lock) as started:
        yield started


def test_a_process_that_fails_says_its_last_words(started, tmp_path):
    command = ["sh", "-c", "for i in $(seq 30); do echo line $i; done; exit 3"]
    with pytest.raises(Ended) as raised:
        started.run("broken", command, os.environ)
    lines = str(raised.value).splitlines()
    assert lines[0] == "broken ended with 3: "
    assert lines[1:-1] == [f"  line {number}" for number in range(19, 31)]
    assert lines[-1] == f"(all of it: {tmp_path / 'broken.log'})"


def test_a_command_that_is_not_there_says_so(started):
    with pytest.raises(Ended, match=r"(?s)nothing ended with 127: .*no-such-program"):
        started.run("nothing", ["no-such-program"], os.environ)


def test_what_ended_well_is_not_stopped_later(started, tmp_path):
    """Its number may belong to somebody else by then."""
    started.run("short", ["true"], os.environ)
    names = [item.name for item in started.running]
    assert names == ["watcher"]


def test_a_started_process_has_no_way_to_the_watcher(started, tmp_path):
    """It could otherwise keep the pipe open, and the watcher waiting."""
    started.run("look", ["sh", "-c", "ls -l /proc/self/fd"], os.environ)
    assert "pipe:" not in (tmp_path / "look.log").read_text()
