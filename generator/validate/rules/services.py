"""Who answers: selectors must find pods, and a named port must be theirs."""

from collections.abc import Iterator

from generator.errors import Problem
from generator.validate import fields, pods
from generator.validate.cluster import Cluster
from generator.validate.fields import Fields
from generator.validate.objects import Object

_PROBES = ("startupProbe", "readinessProbe", "livenessProbe")


def selector(cluster: Cluster) -> Iterator[Problem]:
    """A Service or a PodDisruptionBudget that chooses no pod."""
    found = list(pods.find(cluster.running))
    for item, field, labels in _selectors(cluster):
        unknown = (*cluster.unseen, *cluster.failed)
        unseen = any(release.namespace == item.namespace for release in unknown)
        if labels and not unseen and not _choose(item, labels, found):
            words = ", ".join(f"{key}={value}" for key, value in labels.items())
            yield item.problem(field, f"{words}: no pod has these labels")


def _choose(item: Object, labels: Fields, found: list[pods.Pod]) -> bool:
    return any(pod.matches(item.namespace, labels) for pod in found)


def _selectors(cluster: Cluster) -> Iterator[tuple[Object, str, Fields]]:
    for item in cluster.objects:
        if item.kind == "Service":
            yield item, "spec.selector", fields.mapping(item.values, "spec", "selector")
        elif item.kind == "PodDisruptionBudget":
            field = "spec", "selector", "matchLabels"
            yield item, ".".join(field), fields.mapping(item.values, *field)


def port(cluster: Cluster) -> Iterator[Problem]:
    """A port given by a name that no container of the pods has."""
    found = list(pods.find(cluster.running))
    for item in cluster.objects:
        if item.kind == "Service":
            yield from _targets(item, found)
        elif item.kind == "NetworkPolicy":
            yield from _ingress(item, found)
    for pod in found:
        yield from _probes(pod)


def _targets(item: Object, found: list[pods.Pod]) -> Iterator[Problem]:
    labels = fields.mapping(item.values, "spec", "selector")
    chosen = [pod for pod in found if labels and pod.matches(item.namespace, labels)]
    for number, entry in enumerate(fields.items(item.values, "spec", "ports")):
        yield from _named(item, f"spec.ports[{number}].targetPort", entry, "targetPort", chosen)


def _ingress(item: Object, found: list[pods.Pod]) -> Iterator[Problem]:
    labels = fields.mapping(item.values, "spec", "podSelector", "matchLabels")
    chosen = [pod for pod in found if pod.matches(item.namespace, labels)]
    for rule, ingress in enumerate(fields.items(item.values, "spec", "ingress")):
        for number, entry in enumerate(fields.items(ingress, "ports")):
            field = f"spec.ingress[{rule}].ports[{number}].port"
            yield from _named(item, field, entry, "port", chosen)


def _named(
    item: Object, field: str, entry: Fields, key: str, chosen: list[pods.Pod]
) -> Iterator[Problem]:
    name = fields.text(entry, key)
    if name and chosen and not any(name in pod.ports() for pod in chosen):
        names = " and ".join(sorted({pod.object.name for pod in chosen}))
        yield item.problem(field, f"{name}: no container of {names} has a port of that name")


def _probes(pod: pods.Pod) -> Iterator[Problem]:
    for at, container in pod.containers():
        ports = {fields.text(port, "name") for port in fields.items(container, "ports")}
        for probe in _PROBES:
            for action in ("httpGet", "tcpSocket"):
                name = fields.text(container, probe, action, "port")
                if name and name not in ports:
                    message = f"{name}: the container has no port of that name"
                    yield pod.object.problem(f"{at}.{probe}.{action}.port", message)
