"""Objects -> the pods that they make."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from generator.validate import fields
from generator.validate.fields import Fields
from generator.validate.objects import Object

# Where each kind keeps its pod's metadata and spec.
_TEMPLATES = {
    "Pod": (),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    **dict.fromkeys(
        ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"), ("spec", "template")
    ),
}


@dataclass(frozen=True)
class Pod:
    """What an object says of its pods."""

    object: Object
    at: str
    """The field that holds the pod's spec, such as spec.template.spec."""
    spec: Fields
    labels: Fields

    def containers(self) -> Iterator[tuple[str, Fields]]:
        """Yield each container, init containers included, and its field."""
        for kind in ("initContainers", "containers"):
            for number, container in enumerate(fields.items(self.spec, kind)):
                yield f"{self.at}.{kind}[{number}]", container

    def ports(self) -> set[str]:
        """Return the names of its containers' ports."""
        return {
            fields.text(port, "name")
            for _, container in self.containers()
            for port in fields.items(container, "ports")
        }

    def matches(self, namespace: str, labels: Fields) -> bool:
        """Whether a selector in `namespace` chooses this pod."""
        return self.object.namespace == namespace and labels.items() <= self.labels.items()


def find(objects: Iterable[Object]) -> Iterator[Pod]:
    """Yield the pod of every object that makes pods."""
    for item in objects:
        if (keys := _TEMPLATES.get(item.kind)) is not None and item.group in ("", "apps", "batch"):
            template = fields.mapping(item.values, *keys)
            spec = fields.mapping(template, "spec")
            labels = fields.mapping(template, "metadata", "labels")
            yield Pod(item, ".".join((*keys, "spec")), spec, labels)
