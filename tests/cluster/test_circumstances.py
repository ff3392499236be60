"""A machine that lacks something, a run that was ended -> one clear line, a clean machine."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from generator import programs as tools
from tests.cluster.rig import CannotRun, Cluster, cgroups, programs
from tests.cluster.rig.place import claimed
from tests.cluster.rig.waiting import wait_for
from tests.trees import ROOT

NUMBER = 31  # a place of this file's own: the other tests count from 1

HOLD = """
from tests.cluster.rig import CannotRun, Cluster
try:
    with Cluster(node={node}, number={number}, say=str) as cluster:
        print("up", flush=True)
        input()
except (CannotRun, KeyboardInterrupt) as error:
    print(f"{{type(error).__name__}}: {{error}}")
"""


def test_without_root_no_node_and_the_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(CannotRun, match=r"^the machine is not ready: run it as root"):
        programs.require(node=True)
    programs.require(node=False)


def test_everything_that_is_missing_is_named_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CannotRun, match=r"apt-get install .*containerd.* git .*runc"):
        programs.require(node=True)


def test_a_control_plane_needs_no_root() -> None:
    done = subprocess.run(
        ["unshare", "--user", "--map-user=1000", "--map-group=1000", *holding(node=False)],
        cwd=ROOT,
        input="\n",
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == ("up\n", "")


def test_a_port_that_is_in_use() -> None:
    address = f"127.99.{NUMBER}.2"
    refusal = pytest.raises(CannotRun, match=rf"^{address}:6443: Address already in use$")
    with socket.create_server((address, 6443)), refusal:
        Cluster(number=NUMBER).__enter__()
    assert is_clean()


def test_a_network_that_is_in_use() -> None:
    route = ["ip", "route", "add", "unreachable", f"10.99.{NUMBER}.64/26"]
    subprocess.run(route, check=True)
    try:
        with pytest.raises(CannotRun, match=rf"^the network 10.99.{NUMBER}.0/24 is in use: "):
            Cluster(node=True, number=NUMBER).__enter__()
    finally:
        subprocess.run([*route[:2], "delete", *route[3:]], check=True)
    assert is_clean()


def test_an_interface_that_the_kernel_deletes_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    name = f"mlflow-{NUMBER}"
    subprocess.run(["ip", "link", "add", name, "type", "veth", "peer", f"{name}-peer"], check=True)
    late = tmp_path / "ip"
    ip = shutil.which("ip")
    late.write_text(f'#!/bin/sh\n{ip} link delete {name} 2>/dev/null\nexec {ip} "$@"\n')
    late.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with claimed(node=False, number=NUMBER):
        pass
    assert is_clean()


def test_a_cluster_that_is_already_up() -> None:
    refusal = pytest.raises(CannotRun, match=rf"^cluster {NUMBER} is already up")
    with claimed(node=False, number=NUMBER), refusal:
        Cluster(number=NUMBER).__enter__()


def test_a_full_disk() -> None:
    folder = tools.cache() / "clusters" / str(NUMBER)
    script = 'mkdir -p "$0" && mount -t tmpfs -o size=64k tmpfs "$0" && exec "$@"'
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, folder, *holding(node=False)],
        cwd=ROOT,
        input="",
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    (line,) = done.stdout.splitlines()
    assert line.startswith("CannotRun: ")
    assert "no space left" in line.lower()
    assert processes() == []


@pytest.mark.parametrize("point", ["etcd", "kube-apiserver", "kubelet", None])
def test_ctrl_c_at_any_point_leaves_a_clean_machine(point: str | None) -> None:
    with held(node=True) as run:
        reached(run, point)
        run.send_signal(signal.SIGINT)
        said, _ = run.communicate()
    assert said.removeprefix("up\n") == "KeyboardInterrupt: \n"
    assert is_clean()
    assert processes() == []


def test_a_killed_run_leaves_nothing_that_the_next_one_minds() -> None:
    with held(node=True) as run:
        reached(run, None)
        run.kill()
        run.wait()
    wait_for("end of what it had started", lambda: processes() == [])
    with Cluster(node=True, number=NUMBER) as cluster:
        assert cluster.client.answers("/readyz")
    assert is_clean()


def holding(*, node: bool) -> list[str]:
    """The command that brings a cluster up and holds it until it reads a line."""
    return [sys.executable, "-c", HOLD.format(node=node, number=NUMBER)]


@contextmanager
def held(*, node: bool) -> Iterator[subprocess.Popen[str]]:
    """Run it in the background; whatever happens it is ended."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(holding(node=node), cwd=ROOT, **pipes) as run:
        try:
            yield run
        finally:
            run.kill()


def reached(run: "subprocess.Popen[str]", point: str | None) -> None:
    """Wait until a program of the cluster has been started, or all of it is up."""
    if point is None:
        assert run.stdout
        assert run.stdout.readline() == "up\n"
        return
    log = tools.cache() / "clusters" / str(NUMBER) / "logs" / f"{point}.log"
    wait_for(f"start of {point}", log.exists, seconds=60, pause=0.01)


def is_clean(number: int = NUMBER) -> bool:
    """Whether nothing bears the place's name any more: no folder, group, interface or mount."""
    name = f"mlflow-gitops-{number}"
    folder = tools.cache() / "clusters" / str(number)
    paths = [folder, *cgroups.ROOT.glob(f"*/{name}"), f"/sys/class/net/mlflow-{number}"]
    route = ["ip", "-oneline", "route", "show", "table", "all", "root", f"10.99.{number}.0/24"]
    routes = subprocess.run(route, capture_output=True, text=True, check=True).stdout
    mounts = f"{folder}/" in Path("/proc/self/mounts").read_text()
    return not (any(map(os.path.exists, paths)) or routes or mounts)


def processes() -> list[str]:
    """The commands that run with something of the place."""
    folder = str(tools.cache() / "clusters" / str(NUMBER)) + "/"
    return [
        command
        for process in Path("/proc").iterdir()
        if process.name.isdecimal()
        if folder in (command := _command(process))
    ]


def _command(process: Path) -> str:
    try:
        return (process / "cmdline").read_text()
    except OSError:  # it has just ended
        return ""
