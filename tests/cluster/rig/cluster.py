"""A size -> a running Kubernetes that Flux works in, gone without a trace when it is left."""

import errno
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from . import control_plane, flux, git_server, http, namespaces, node, programs, store
from .client import Client
from .errors import CannotRun
from .flux import Flavour
from .images import Image
from .place import Place, claimed
from .processes import Processes

_FULL = (errno.ENOSPC, errno.EDQUOT)


class Cluster:
    """A cluster of its own for a `with` block; several run side by side.

    Without a node it needs no root, and holds objects but runs no pod. With one it has the
    `images`, under the names that manifests use, and can have no others. `tells`: whether Flux's
    notification-controller runs.
    """

    place: Place
    client: Client
    plane: control_plane.ControlPlane
    servers: Processes
    """The cluster's own programs, and Flux's."""
    surroundings: Processes
    """What stands for the world around the cluster."""

    def __init__(
        self,
        *,
        node: bool = False,
        images: Sequence[Image] = (),
        flavour: Flavour = Flavour.AKS_EXTENSION,
        number: int | None = None,
        tells: bool = False,
        say: Callable[[str], None] = print,
    ) -> None:
        self._node = node
        self._images = images
        self.flavour = flavour
        self._number = number
        self._tells = tells
        self.programs = programs.Programs(say)
        self._stack = ExitStack()
        self._namespaces = ExitStack()

    def __enter__(self) -> Self:
        programs.require(node=self._node)
        try:
            with ExitStack() as stack:
                self.place = stack.enter_context(claimed(node=self._node, number=self._number))
                self._start(stack)
                self._stack = stack.pop_all()
        except OSError as error:
            if error.errno not in _FULL:
                raise
            raise CannotRun(f"{error.filename or self.place.folder}: {error.strerror}") from None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    @property
    def kubectl(self) -> list[str]:
        """The command for what a person would do by hand."""
        return [str(self.programs.find("kubectl")), f"--kubeconfig={self.plane.kubeconfig}"]

    def serve(self, folder: Path) -> str:
        """Serve a folder's Git repositories to the cluster; return the URL before their names."""
        address = self.place.host_address if self._node else self.place.address
        program = [sys.executable, "-m", "tests.cluster.rig.git_server"]
        self.surroundings.start(
            "git",
            [*program, folder, address, str(git_server.PORT)],
            answers=partial(http.listens, address, git_server.PORT),
        )
        self.surroundings.wait_until_ready("git")
        return f"http://{address}:{git_server.PORT}"

    def power_cut(self) -> None:
        """End everything in the node's namespaces at once, then start it on what its disk holds."""
        self._namespaces.close()
        self.servers.restart_all(self._namespaces.enter_context(namespaces.private(self.place)))

    def _start(self, stack: ExitStack) -> None:
        place = self.place
        self.surroundings = Processes(place.logs)
        stack.callback(self.surroundings.kill_all)
        inside: Sequence[str] = ()
        if self._node:
            store.fill(place.folder / "containerd", self._images, self.programs.say)
            stack.callback(self._namespaces.close)
            inside = self._namespaces.enter_context(namespaces.private(place))
        self.servers = Processes(place.logs, inside)
        stack.callback(self.servers.kill_all)
        self.plane = control_plane.start(place, self.programs, self.servers)
        self.client = self.plane.client
        stack.callback(self.client.close)
        self._surround()
        flux.start(place, self.programs, self.servers, self.plane, self.flavour, tells=self._tells)
        if self._node:
            node.start(place, self.programs, self.servers, self.plane)
        # The first thing that the controller manager makes. Until then it dies with the API server.
        self.client.wait_for("ServiceAccount", "default", namespace="default")

    def _surround(self) -> None:
        config = self.plane.credentials("cloud", user="cloud", group="system:masters")
        disks = self.place.folder / "disks"
        addresses = self.place.load_balancer_addresses
        module = "tests.cluster.rig.cloud"
        self.surroundings.start("cloud", [sys.executable, "-m", module, config, disks, *addresses])
