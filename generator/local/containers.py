"""Built objects -> the processes that a pod's containers would be on this machine. Pure.

A container's paths are places below a folder of the pod's own: `/etc/mlflow` becomes
`FOLDER/etc/mlflow`, in commands, in environment variables and in the text of configuration files.
This is the one place that maps them, and it needs no root, no mount and no container runtime, so
that it is the same on Linux and macOS. Not carried over are: user ids, resource limits, the
read-only root and probes. A cluster proves those.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from generator.validate.fields import Fields
from generator.validate.objects import Object

_RUNTIME_FOLDERS = ("/dev/shm",)  # noqa: S108 - every container has it; macOS has none
_IN_A_PATH = r"[\w.-]"


@dataclass(frozen=True)
class Process:
    """What one container runs, in the container's own paths."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    initial: bool
    """Whether the next one starts when this has ended well."""


@dataclass(frozen=True)
class Pod:
    """What a pod would run and find on its disks, in the containers' own paths."""

    name: str
    processes: tuple[Process, ...]
    mounts: frozenset[PurePosixPath]
    """Every path that is mounted; the ones below are among them, or in them."""
    files: Mapping[PurePosixPath, str]
    """Of ConfigMaps."""
    folders: frozenset[PurePosixPath]
    """Empty at the start."""
    claims: Mapping[PurePosixPath, str]
    """Folders that outlive the pod, and the PersistentVolumeClaim of each."""
    secrets: frozenset[PurePosixPath]
    """Folders that hold the secrets of the workload."""

    def located(self, text: str, folder: PurePosixPath) -> str:
        """Return `text` with every path that the pod mounts put below `folder`."""
        return self._mounts.sub(lambda path: f"{folder}{path[0]}", text)

    @cached_property
    def _mounts(self) -> re.Pattern[str]:
        """A mounted path, not as the middle of a longer word; the longest one that fits."""
        paths = sorted(map(str, self.mounts | self.folders), key=len, reverse=True)
        inside = f"(?<!{_IN_A_PATH})(?<!{_IN_A_PATH}/)"
        return re.compile(f"{inside}(?:{'|'.join(map(re.escape, paths))})(?!{_IN_A_PATH})")


def pod(objects: Sequence[Object], kind: str, name: str) -> Pod:
    """Return the pod of the workload `name`, one replica of it, from what kustomize built.

    Raises LookupError where the objects lack what the workload names.
    """
    spec = _find(objects, kind, name)["spec"]["template"]["spec"]
    initial, lasting = spec.get("initContainers", []), spec["containers"]
    mounts = [mount for container in [*initial, *lasting] for mount in container["volumeMounts"]]
    volumes = {volume["name"]: volume for volume in spec["volumes"]}
    by_path = {PurePosixPath(mount["mountPath"]): mount for mount in mounts}
    used = {path: (mount, volumes[mount["name"]]) for path, mount in by_path.items()}
    return Pod(
        name=name,
        processes=(
            *(_process(objects, container, initial=True) for container in initial),
            *(_process(objects, container, initial=False) for container in lasting),
        ),
        mounts=frozenset(used),
        files=dict(_files(objects, used)),
        folders=frozenset(map(PurePosixPath, _RUNTIME_FOLDERS)).union(
            path for path, (_, volume) in used.items() if "emptyDir" in volume
        ),
        claims={
            path: volume["persistentVolumeClaim"]["claimName"]
            for path, (_, volume) in used.items()
            if "persistentVolumeClaim" in volume
        },
        secrets=frozenset(
            path for path, (_, volume) in used.items() if {"secret", "csi"} & volume.keys()
        ),
    )


def _process(objects: Sequence[Object], container: Fields, *, initial: bool) -> Process:
    environment: dict[str, str] = {}
    for source in container.get("envFrom", []):
        environment |= _find(objects, "ConfigMap", source["configMapRef"]["name"])["data"]
    environment |= {entry["name"]: entry["value"] for entry in container.get("env", [])}
    command = (*container["command"], *container.get("args", []))
    return Process(container["name"], command, environment, initial)


def _files(
    objects: Sequence[Object], used: Mapping[PurePosixPath, tuple[Fields, Fields]]
) -> Iterator[tuple[PurePosixPath, str]]:
    for path, (mount, volume) in used.items():
        if "configMap" in volume:
            data = _find(objects, "ConfigMap", volume["configMap"]["name"])["data"]
            if "subPath" in mount:
                yield path, data[mount["subPath"]]
            else:
                yield from ((path / name, text) for name, text in data.items())


def _find(objects: Sequence[Object], kind: str, name: str) -> Fields:
    for item in objects:
        if (item.kind, item.name) == (kind, name):
            return item.values
    raise LookupError(f"no {kind} {name} among what kustomize built")
