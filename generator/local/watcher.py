"""Lines on standard input, until it ends -> process groups stopped and folders removed.

A program of its own, so that it outlives the one that started it, however that one ends: the
system closes its end of the pipe. This needs nothing but POSIX, so it is the same on Linux and
macOS. A line is `group NUMBER SIGNAL`, `ended NUMBER` or `folder PATH`; what came last is undone
first.
"""

import os
import shutil
import signal
import sys
import time

_PATIENCE = 10.0  # seconds that a group gets before it is killed
_PAUSE = 0.02  # seconds
_NOTHING = 0  # only asks whether somebody is there


def main() -> None:
    """Read until nobody holds the other end, then undo it all."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    lines = [line.split(" ", 2) for line in sys.stdin.read().splitlines()]
    ended = {number for kind, number, *_ in lines if kind == "ended"}  # may be another's by now
    for kind, *rest in reversed(lines):
        if kind == "group" and rest[0] not in ended:
            _stop(int(rest[0]), signal.Signals[f"SIG{rest[1]}"])
        elif kind == "folder":
            shutil.rmtree(" ".join(rest), ignore_errors=True)


def _stop(group: int, gently: signal.Signals) -> None:
    """Return when nothing of the group is left."""
    deadline = time.monotonic() + _PATIENCE
    number: int = gently
    while _signal(group, number):
        number = signal.SIGKILL if time.monotonic() > deadline else _NOTHING
        time.sleep(_PAUSE)


def _signal(group: int, number: int) -> bool:
    """Whether there was a process to signal; macOS forbids it where only dead ones are left."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    main()
