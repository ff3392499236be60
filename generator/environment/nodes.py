"""Whether an environment's pods fit its nodes, the extra pod of a rolling update included."""

import re
from dataclasses import dataclass

from generator.environment import types
from generator.environment.mlflow import Resources

# GiB of memory for each core of a family, and half of that for sizes with an "l": Azure's pages
# on the D, E, F and B families, version 2 and later.
_FAMILIES = {"B": 4, "D": 4, "E": 8, "F": 2}
_SIZE = re.compile(r"Standard_([BDEF])([0-9]{1,3})(?:-[0-9]+)?([a-z]*)_v([2-9])", re.ASCII)

# What AKS keeps for itself. Cores: its table of CPU reservations, here as steps, plus the
# DaemonSets of every node (0.4 cores measured with Cilium and the disk and secrets drivers).
# Memory: 20 MiB for each of 60 pods and 50 MiB more, the eviction threshold of 100 MiB, and the
# DaemonSets' requests.
_RESERVED_CPU = ((2, 100), (4, 140), (8, 180), (16, 260), (32, 420), (64, 740), (128, 1180))
_DAEMONSETS = (400, 600)
_RESERVED_MEMORY = 60 * 20 + 50 + 100

# Once in a cluster, wherever they land: CoreDNS, Flux, metrics server, webhooks, operators.
SYSTEM = (1000, 1200)

# The requests of apps/mlflow/base: PostgreSQL's, and those of what runs in an MLflow pod before the
# server. A test compares them with what kustomize builds.
POSTGRESQL = (100, 256)
INITIALISE = (200, 512)


@dataclass(frozen=True)
class Room:
    """CPU in millicores and memory in MiB."""

    cpu: int
    memory: int


def allocatable(size: str) -> Room | None:
    """Return what a node of this VM size has for pods, or None for a family not known here."""
    match = _SIZE.fullmatch(size)
    if match is None:
        return None
    family, cores, options = match[1], int(match[2]), match[3]
    gibibytes = _FAMILIES[family] * cores // (2 if "l" in options else 1)
    reserved = next((cpu for limit, cpu in _RESERVED_CPU if cores <= limit), _RESERVED_CPU[-1][1])
    return Room(
        cores * 1000 - reserved - _DAEMONSETS[0],
        gibibytes * 1024 - _RESERVED_MEMORY - _DAEMONSETS[1],
    )


def problem(size: str, nodes: int, replicas: int, pod: Resources) -> str | None:
    """Say why the pods do not fit on that many nodes of this size, or return None.

    Counts whole pods a node: a pod is never split over two.
    """
    node = allocatable(size)
    if node is None:
        return (
            f"{size!r}: not a size of the B, D, E or F family, version 2 or later, "
            "such as Standard_D4as_v5; only their room for pods is known"
        )
    cpu = max(types.millicores(pod.cpu), INITIALISE[0])
    memory = max(types.mebibytes(pod.memory.request), INITIALISE[1])
    first = Room(node.cpu - SYSTEM[0] - POSTGRESQL[0], node.memory - SYSTEM[1] - POSTGRESQL[1])
    pods = _fit(first, cpu, memory) + (nodes - 1) * _fit(node, cpu, memory)
    if pods >= replicas + 1:
        return None
    return (
        f"{nodes} x {size} has room for {pods} MLflow pods of {pod.cpu} and {pod.memory.request} "
        f"beside PostgreSQL and the system; {replicas + 1} are needed, the extra pod of a rolling "
        "update included: choose a larger size, more nodes, or smaller requests"
    )


def _fit(room: Room, cpu: int, memory: int) -> int:
    return max(0, min(room.cpu // cpu, room.memory // memory))
