"""A place -> a private network, mount and process tree, joined to this machine by one cable."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .errors import CannotRun
from .place import Place
from .processes import DIES_WITH_ITS_PARENT, child_of
from .waiting import wait_for

# What the kubelet insists on. These are settings of the whole machine, so it gets files of its
# own to read and write in their place.
_KUBELET_SETTINGS = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}


@contextmanager
def private(place: Place) -> Iterator[Sequence[str]]:
    """Make the namespaces and yield the command that enters them.

    Process 1 in them reaps orphans. The kernel ends everything in them with it, down to the last
    container, and drops their mounts, interfaces, routes and firewall rules.
    """
    unshare = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    holder = subprocess.Popen(
        [*DIES_WITH_ITS_PARENT, *unshare, "--", "catatonit", "-P"],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        pid = child_of(holder.pid)
        name = Path(f"/proc/{pid}/comm")
        wait_for("process 1", lambda: name.read_text() == "catatonit\n", pause=0.01)
        inside = ["nsenter", "--target", str(pid), "--net", "--mount", "--pid", "--"]
        _hide_what_is_shared(inside)
        _connect(place, pid, inside)
        yield inside
    finally:
        holder.kill()
        holder.wait()
        if (Path("/sys/class/net") / place.interface).exists():  # the kernel does it soon after
            subprocess.run(["ip", "link", "delete", place.interface], stderr=subprocess.DEVNULL)


def _hide_what_is_shared(inside: Sequence[str]) -> None:
    """Give the folders whose paths are built into programs to this node alone."""
    _run(*inside, "mount", "--make-rshared", "/")
    for folder in ("/run", "/var/log"):
        _run(*inside, "mount", "-t", "tmpfs", "tmpfs", folder)
    _run(*inside, "mkdir", "-p", "/run/lib/upper", "/run/lib/work", "/run/settings")
    layers = "lowerdir=/var/lib,upperdir=/run/lib/upper,workdir=/run/lib/work"
    _run(*inside, "mount", "-t", "overlay", "overlay", "-o", layers, "/var/lib")
    for setting, value in _KUBELET_SETTINGS.items():
        file = f"/run/settings/{Path(setting).name}"
        _run(*inside, "sh", "-c", 'echo "$1" > "$2"', "sh", value, file)
        _run(*inside, "mount", "--bind", file, f"/proc/sys/{setting}")


def _connect(place: Place, pid: int, inside: Sequence[str]) -> None:
    ours, theirs = place.interface, "eth0"
    _run(*f"ip link add {ours} type veth peer name {theirs} netns {pid}".split())
    _run(*f"ip address add {place.host_address}/30 dev {ours}".split())
    _run(*f"ip link set {ours} up".split())
    _run(*inside, "ip", "link", "set", "lo", "up")
    _run(*inside, *f"ip address add {place.address}/30 dev {theirs}".split())
    _run(*inside, *f"ip link set {theirs} up".split())
    _run(*inside, *f"ip route add default via {place.host_address}".split())
    _run(*f"ip route add {place.network} via {place.address}".split())
    for setting in ("net.ipv4.ip_forward=1", "net.bridge.bridge-nf-call-iptables=1"):
        _run(*inside, "sysctl", "--quiet", "--write", setting)


def _run(*command: str) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        raise CannotRun(f"{' '.join(command)}: {done.stderr.strip()}")
