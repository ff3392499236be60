"""A pod of the manifests -> its containers' processes, started in a folder of its own."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from generator.local.containers import Pod, Process
from generator.local.processes import Processes, Running


@dataclass(frozen=True)
class Machine:
    """What this machine has in place of the pod's image, its cluster's names and its disks."""

    folder: Path
    """Stands for the container's root; made anew for every start."""
    programs: tuple[Path, ...]
    """Folders of the image's programs."""
    claims: Path
    """The folder in which each PersistentVolumeClaim has one of its name."""
    secrets: Mapping[str, str]
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables that differ: addresses, and what the image sets."""
    prefix: tuple[str, ...] = ()
    """What runs a command as another user."""
    arguments: tuple[str, ...] = ()
    """Further arguments of the server: addresses again."""
    stop: str = "TERM"
    """The signal that ends the server: the image's, or what its preStop hook comes to."""


def start(processes: Processes, pod: Pod, machine: Machine) -> Running:
    """Run the pod's initial containers to their ends, then start its one server.

    Raises Ended when one of them fails.
    """
    _lay_out(pod, machine)
    *initial, server = pod.processes
    for process in initial:
        command, environment = _command(pod, machine, process)
        processes.run(f"{pod.name}-{process.name}", command, environment)
    command, environment = _command(pod, machine, server)
    command = [*command, *machine.arguments]
    return processes.start(pod.name, command, environment, cwd=machine.folder, stop=machine.stop)


def _command(pod: Pod, machine: Machine, process: Process) -> tuple[list[str], dict[str, str]]:
    folder = PurePosixPath(machine.folder)
    path = os.pathsep.join([*map(str, machine.programs), os.environ.get("PATH", os.defpath)])
    environment = {key: pod.located(text, folder) for key, text in process.environment.items()}
    command = [pod.located(word, folder) for word in process.command]
    return [*machine.prefix, *command], {"PATH": path, **environment, **machine.environment}


def _lay_out(pod: Pod, machine: Machine) -> None:
    """Write what the pod finds when it starts."""
    for path in pod.folders:
        _below(machine.folder, path).mkdir(parents=True)
    for path, text in pod.files.items():
        file = _below(machine.folder, path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(pod.located(text, PurePosixPath(machine.folder)))
    for path, claim in pod.claims.items():
        (machine.claims / claim).mkdir(mode=0o700, exist_ok=True)
        link = _below(machine.folder, path)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(machine.claims / claim)
    for path in pod.secrets:
        _below(machine.folder, path).mkdir(parents=True)
        for name, value in machine.secrets.items():
            file = _below(machine.folder, path / name)
            file.touch(mode=0o600)
            file.write_text(value)


def _below(folder: Path, path: PurePosixPath) -> Path:
    return folder / path.relative_to("/")
