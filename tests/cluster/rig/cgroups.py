"""A name -> a control group of that name in every hierarchy, version 1, 2 or both."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from .waiting import wait_for

ROOT = Path("/sys/fs/cgroup")


def create(name: str) -> None:
    """Make the group that the kubelet puts all its pods under."""
    for hierarchy in _hierarchies():
        group = hierarchy / name
        group.mkdir(exist_ok=True)
        if (group / "cpuset.cpus").exists() and not _unified(hierarchy):
            for file in ("cpuset.cpus", "cpuset.mems"):  # empty in a new group: nothing could run
                (group / file).write_text((hierarchy / file).read_text())
        if _unified(hierarchy):
            controllers = (group / "cgroup.controllers").read_text().split()
            for controller in controllers:
                (group / "cgroup.subtree_control").write_text(f"+{controller}")


def remove(name: str) -> None:
    """Remove the groups, inner ones first; what still runs in one is ended."""
    for hierarchy in _hierarchies():
        for folder, _, _ in os.walk(hierarchy / name, topdown=False):
            wait_for(f"end of {folder}", partial(_removed, Path(folder)))


def _removed(group: Path) -> bool:
    for pid in (group / "cgroup.procs").read_text().split():
        with suppress(ProcessLookupError):  # it has just ended
            os.kill(int(pid), signal.SIGKILL)
    try:
        group.rmdir()
    except OSError:  # busy: a process of it has not ended yet
        return False
    return True


def _hierarchies() -> Iterator[Path]:
    """The root of each hierarchy: of version 2 alone, or those of version 1 and a version 2."""
    if _unified(ROOT):
        yield ROOT
    else:
        yield from (path for path in ROOT.iterdir() if path.is_dir() and not path.is_symlink())


def _unified(hierarchy: Path) -> bool:
    return (hierarchy / "cgroup.controllers").exists()
