"""A program's name -> its path: built from tools/, or the machine's own where Debian has it."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from generator import programs

from .errors import CannotRun

ROOT = Path(__file__).parents[3]

# A program -> the folder of tools/ that it is made from, where the names differ.
_TOOLS = {
    "kube-apiserver": "kubernetes",
    "kube-controller-manager": "kubernetes",
    "kube-proxy": "kubernetes",
    "kube-scheduler": "kubernetes",
    "kubectl": "kubernetes",
    "kubelet": "kubernetes",
}
_BINARIES = {"etcd": "server"}

# A program of the machine -> the Debian package that brings it.
_PACKAGES = {"git": "git", "setpriv": "util-linux"}
_NODE_PACKAGES = {
    "busybox": "busybox-static",
    "catatonit": "catatonit",
    "conntrack": "conntrack",
    "containerd": "containerd",
    "ctr": "containerd",
    "ip": "iproute2",
    "iptables": "iptables",
    "mmdebstrap": "mmdebstrap",
    "nft": "nftables",
    "nsenter": "util-linux",
    "runc": "runc",
    "sysctl": "procps",
    "unshare": "util-linux",
}


@dataclass(frozen=True)
class Programs:
    """Finds pinned programs, which it builds the first time. `say` gets a line before that."""

    say: Callable[[str], None]

    def find(self, name: str) -> Path:
        """Return the path of a program."""
        return self.folder(name) / "bin" / _BINARIES.get(name, name)

    def folder(self, name: str) -> Path:
        """Return the folder that a program is installed in, with what came with it."""
        return programs.install(ROOT, _TOOLS.get(name, name), say=self.say)


def require(*, node: bool) -> None:
    """Raise CannotRun, naming everything at once, where the machine lacks something."""
    needed = _PACKAGES | (_NODE_PACKAGES if node else {})
    packages = sorted({needed[name] for name in needed if not shutil.which(name)})
    problems = [f"apt-get install {' '.join(packages)}"] if packages else []
    if node and os.geteuid() != 0:
        problems.append("run it as root, for a node has namespaces, mounts and routes of its own")
    if problems:
        raise CannotRun(f"the machine is not ready: {'; '.join(problems)}")
