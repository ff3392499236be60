"""A number -> the addresses, names and folder that one cluster has for itself on this machine."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from generator import programs

from . import cgroups
from .errors import CannotRun
from .waiting import wait_for

NUMBERS = range(1, 33)


@dataclass(frozen=True)
class Place:
    """What belongs to cluster `number`, and to nothing else on this machine.

    A cluster without a node lives on a loopback address of its own, so that side by side the
    usual ports are free. One with a node lives in a network of its own behind a veth pair.
    """

    number: int
    node: bool
    folder: Path

    @property
    def name(self) -> str:
        return f"mlflow-gitops-{self.number}"

    @property
    def address(self) -> str:
        """Where the cluster's servers listen."""
        return f"10.99.{self.number}.2" if self.node else f"127.99.{self.number}.2"

    @property
    def loopback(self) -> str:
        """Where those listen that only the cluster's own processes ask."""
        return "127.0.0.1" if self.node else self.address

    @property
    def host_address(self) -> str:
        """This machine, as the node sees it."""
        return f"10.99.{self.number}.1"

    @property
    def network(self) -> str:
        """Everything of a cluster with a node that this machine reaches."""
        return f"10.99.{self.number}.0/24"

    @property
    def load_balancer_addresses(self) -> list[str]:
        network = self.address.rpartition(".")[0]
        return [f"{network}.{last}" for last in range(128, 255)]

    @property
    def interface(self) -> str:
        """This machine's end of the veth pair; the kernel allows 15 characters."""
        return f"mlflow-{self.number}"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"


@contextmanager
def claimed(*, node: bool, number: int | None = None) -> Iterator[Place]:
    """Hold a free place, emptied of what a crashed run left in it, and empty it again.

    The claim is a socket name in this machine's network, like the addresses that it stands for:
    the kernel drops it with the process that holds it, however that ends.
    """
    claim, number = _claim(NUMBERS if number is None else [number])
    with claim:
        place = Place(number, node, programs.cache() / "clusters" / str(number))
        _clear(place)
        _refuse_taken_addresses(place)
        place.logs.mkdir(parents=True, mode=0o700)
        try:
            yield place
        finally:
            _clear(place)


def is_held(number: int) -> bool:
    """Say whether a cluster is up in a place."""
    claim = _take(number)
    if claim:
        claim.close()
    return claim is None


def _take(number: int) -> socket.socket | None:
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0mlflow-gitops-cluster-{number}")
    except OSError:
        claim.close()
        return None
    return claim


def _claim(numbers: range | list[int]) -> tuple[socket.socket, int]:
    for number in numbers:
        if claim := _take(number):
            return claim, number
    if len(numbers) == 1:
        raise CannotRun(f"cluster {numbers[0]} is already up: make cluster-down ends it")
    raise CannotRun(f"{len(numbers)} clusters are already up on this machine")


def _clear(place: Place) -> None:
    """Remove everything that bears the place's name, and nothing else."""
    cgroups.remove(place.name)
    interface = Path("/sys/class/net") / place.interface
    if interface.exists():
        # The kernel may be quicker: it deletes the veth pair soon after a killed namespace ends.
        delete = ["ip", "link", "delete", place.interface]
        said = subprocess.run(delete, capture_output=True, text=True).stderr.strip()
        wait_for(f"end of {interface} ({said})", lambda: not interface.exists())
    shutil.rmtree(place.folder, ignore_errors=True)


def _refuse_taken_addresses(place: Place) -> None:
    if place.node:
        route = subprocess.run(
            ["ip", "-oneline", "route", "show", "table", "all", "root", place.network],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        if route:
            raise CannotRun(f"the network {place.network} is in use: {route.splitlines()[0]}")
    else:
        for port in (2379, 2380, 6443, 9790):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((place.address, port))
                except OSError as error:
                    raise CannotRun(f"{place.address}:{port}: {error.strerror}") from None
