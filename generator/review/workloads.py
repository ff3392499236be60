"""An object -> what the pods that it makes are, need and mount."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import ceil, floor
from typing import Any

from generator.review.model import Applied, Side
from generator.validate import fields
from generator.validate.fields import Fields

KINDS = ("Deployment", "StatefulSet", "DaemonSet")
"""What keeps pods running."""


def template(workload: Applied) -> Fields:
    """Return the template of a workload's pods."""
    return fields.mapping(workload.values, "spec", "template")


def spec(workload: Applied) -> Fields:
    """Return the specification of its pods."""
    return fields.mapping(template(workload), "spec")


def labels(workload: Applied) -> Fields:
    """Return the labels of its pods."""
    return fields.mapping(template(workload), "metadata", "labels")


def containers(workload: Applied) -> Iterator[Fields]:
    """Yield its containers, init containers first; of a Helm release those that it adds."""
    if workload.kind == "HelmRelease":
        yield from fields.items(workload.values, "spec", "values", "initContainers")
    yield from fields.items(spec(workload), "initContainers")
    yield from fields.items(spec(workload), "containers")


def replicas(workload: Applied) -> int:
    """Return how many pods it keeps; Kubernetes' default is one."""
    count = workload.at("spec", "replicas")
    return count if isinstance(count, int) else 1


def available(deployment: Applied) -> int:
    """Return how many of a Deployment's pods serve at every moment of a rollout."""
    if deployment.at("spec", "strategy", "type") == "Recreate":
        return 0
    count, rolling = replicas(deployment), ("spec", "strategy", "rollingUpdate")
    away = _part(deployment.at(*rolling, "maxUnavailable"), count, up=False)
    extra = _part(deployment.at(*rolling, "maxSurge"), count, up=True)
    if away == 0 and extra == 0:  # Kubernetes then takes one away
        away = 1
    return max(0, count - away)


def surge(workload: Applied) -> int:
    """Return how many pods more than its replicas a rollout runs at once."""
    if workload.kind != "Deployment" or workload.at("spec", "strategy", "type") == "Recreate":
        return 0
    extra = workload.at("spec", "strategy", "rollingUpdate", "maxSurge")
    return _part(extra, replicas(workload), up=True)


def _part(value: Any, whole: int, *, up: bool) -> int:
    """A number, or a percentage of `whole`; 25% where nothing is said."""
    return share("25%" if value is None else value, whole, up=up)


def share(value: Any, whole: int, *, up: bool) -> int:
    """Return a number of pods, given as one or as a percentage of `whole`."""
    if isinstance(value, str) and value.endswith("%"):
        part = whole * int(value[:-1]) / 100
        return ceil(part) if up else floor(part)
    return int(value)


def selected(side: Side, selector: Fields, namespace: str) -> list[Applied]:
    """Return the workloads of a namespace whose pods have every label of `selector`."""
    return [
        item
        for item in side.of(*KINDS)
        if item.namespace == namespace and selector.items() <= labels(item).items()
    ]


@dataclass(frozen=True)
class Source:
    """An object that pods take secrets or settings from, and how."""

    kind: str
    name: str
    is_live: bool
    """Whether running pods see what changes in it."""


def sources(workload: Applied) -> Iterator[Source]:
    """Yield what a workload's pods cannot start without."""
    for volume in fields.items(spec(workload), "volumes"):
        live = not _by_sub_path(workload, fields.text(volume, "name"))
        yield from _volume(volume, live)
    for container in containers(workload):
        for item in fields.items(container, "envFrom"):
            yield from _references(item, "configMapRef", "secretRef")
        for item in fields.items(container, "env"):
            value = fields.mapping(item, "valueFrom")
            yield from _references(value, "configMapKeyRef", "secretKeyRef")


def _by_sub_path(workload: Applied, volume: str) -> bool:
    return any(
        mount.get("subPath")
        for container in containers(workload)
        for mount in fields.items(container, "volumeMounts")
        if mount.get("name") == volume
    )


def _volume(volume: Fields, live: bool) -> Iterator[Source]:
    if vault := fields.text(volume, "csi", "volumeAttributes", "secretProviderClass"):
        yield Source("SecretProviderClass", vault, live)
    for item in (volume, *fields.items(volume, "projected", "sources")):
        for kind, field, name in (
            ("ConfigMap", "configMap", "name"),
            ("Secret", "secret", "secretName" if item is volume else "name"),
        ):
            source = fields.mapping(item, field)
            if source.get(name) and not source.get("optional"):
                yield Source(kind, str(source[name]), live)


def _references(item: Fields, *keys: str) -> Iterator[Source]:
    for kind, key in zip(("ConfigMap", "Secret"), keys, strict=True):
        reference = fields.mapping(item, key)
        if reference.get("name") and not reference.get("optional"):
            yield Source(kind, str(reference["name"]), is_live=False)


def claims(workload: Applied) -> dict[str, str]:
    """Return the claim behind each of its volumes that has one."""
    found = {
        fields.text(volume, "name"): fields.text(volume, "persistentVolumeClaim", "claimName")
        for volume in fields.items(spec(workload), "volumes")
    }
    return {name: claim for name, claim in found.items() if claim}


def requests(workload: Applied) -> tuple[int, int]:
    """Return what one of its pods asks for: CPU in millicores, memory in MiB.

    Init containers run before the others, one by one: a pod needs the larger of the two.
    """
    first = [_requested(item) for item in fields.items(spec(workload), "initContainers")]
    then = [_requested(item) for item in fields.items(spec(workload), "containers")]
    return (
        max([sum(cpu for cpu, _ in then), *(cpu for cpu, _ in first)]),
        max([sum(memory for _, memory in then), *(memory for _, memory in first)]),
    )


def _requested(container: Fields) -> tuple[int, int]:
    asked = fields.mapping(container, "resources", "requests")
    return round(quantity(asked.get("cpu")) * 1000), ceil(quantity(asked.get("memory")) / 2**20)


_UNITS = {"m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15} | {
    f"{unit}i": 1024.0**power for power, unit in enumerate("KMGTPE", 1)
}


def quantity(value: Any) -> float:
    """Return a quantity as Kubernetes writes it, such as 250m or 2Gi, as a number; 0 for none."""
    match = re.fullmatch(r"([0-9.]+)([a-zA-Z]*)", str(value))
    return float(match[1]) * _UNITS.get(match[2], 1.0) if match else 0.0


def named(items: Iterable[Applied]) -> str:
    """Return objects as a list in a sentence."""
    names = [item.subject for item in items]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
