"""A delivery -> its pods, and the processes in them as this machine sees them."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

from tests.cluster.delivery import NAMESPACE, Delivery
from tests.cluster.rig.client import Object, rolled_out
from tests.cluster.rig.waiting import wait_for

SERVER = "app.kubernetes.io/name=mlflow"


def pods(dev: Delivery) -> set[str]:
    """The server's pods, those that are ending included."""
    return {pod["metadata"]["name"] for pod in _objects(dev)}


def at_rest(dev: Delivery) -> bool:
    """Whether the server is rolled out and each of its pods stays: none is ending."""
    deployment = dev.cluster.client.get("Deployment", "mlflow", namespace=NAMESPACE)
    ending = [pod for pod in _objects(dev) if "deletionTimestamp" in pod["metadata"]]
    return bool(deployment and rolled_out(deployment) and not ending)


def restarts(dev: Delivery) -> dict[str, int]:
    """How often a container was started again in each server pod: for a probe, or as it ended."""
    return {
        pod["metadata"]["name"]: sum(one["restartCount"] for one in _statuses(pod))
        for pod in _objects(dev)
    }


def memory_limit_met(dev: Delivery) -> bool:
    """Whether a container of the server was ended because it used more than it may."""
    return any("OOMKilled" in str(_statuses(pod)) for pod in _objects(dev))


def _objects(dev: Delivery) -> list[Object]:
    return dev.cluster.client.objects("Pod", namespace=NAMESPACE, labels=SERVER)


def _statuses(pod: Object) -> list[Object]:
    kinds = ("initContainerStatuses", "containerStatuses")
    return [status for kind in kinds for status in pod["status"].get(kind, ())]


def victims(dev: Delivery, program: str) -> list[int]:
    """The processes of a program in this cluster's pods, each container's first before its own."""
    found = sorted(_processes(f"/{dev.cluster.place.name}/", program))
    assert found, f"no {program} runs in {dev.cluster.place.name}"
    return [pid for _, pid in found]


def _processes(group: str, program: str) -> Iterator[tuple[int, int]]:
    """Each process's number in its container, and on this machine."""
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdecimal() and group in (folder / "cgroup").read_text():
                words = (folder / "cmdline").read_bytes().split(b"\0")
                if any(Path(os.fsdecode(word)).name == program for word in words[:2]):
                    status = (folder / "status").read_text()
                    yield (
                        int(status.split("NSpid:")[1].splitlines()[0].split()[-1]),
                        int(folder.name),
                    )
        except (OSError, IndexError):
            continue  # it has just ended, or it is a thread of the kernel


def memory(dev: Delivery) -> int:
    """Bytes that the server's processes hold in memory, what they share counted once."""
    total = 0
    for pid in victims(dev, "gunicorn"):
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        total += next(
            int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")
        )
    return total * 1024


def kill(pid: int) -> None:
    """End a process as the kernel would, and wait until it has ended."""
    os.kill(pid, signal.SIGKILL)
    wait_for(f"end of process {pid}", lambda: not _is_alive(pid))


def _is_alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
