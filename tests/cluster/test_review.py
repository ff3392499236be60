"""What `gen diff` calls immutable or downtime -> refused, or gone, in a real cluster."""

import copy

import pytest

from generator.review.model import Level, Side
from generator.review.rules import immutable
from tests.cluster.rig import Cluster
from tests.cluster.rig.client import Object, Refused
from tests.review.objects import KUSTOMIZATION, STORAGE_CLASS
from tests.review.test_rules import EXAMPLES

Pair = tuple[Object, Object]


def only(side: Side) -> Object:
    """The one object of a side, but for the Kustomization that applies it."""
    [found] = [item for item in side.objects if item.name != KUSTOMIZATION["metadata"]["name"]]
    return copy.deepcopy(dict(found.values))


TRUTHS = [
    (f"{number}-{rule}", only(before), only(after), level)
    for number, (rule, before, after, level) in enumerate(EXAMPLES)
    if rule in immutable.RULES
]


@pytest.mark.parametrize(("name", "before", "after", "level"), TRUTHS, ids=[t[0] for t in TRUTHS])
def test_the_api_server_refuses_what_is_called_immutable_and_nothing_else(
    control_plane: Cluster, name: str, before: Object, after: Object, level: Level | None
) -> None:
    client = control_plane.client
    for item in (before, after):
        place(item, name)
    client.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    client.wait_for("ServiceAccount", "default", namespace=name)
    client.apply(before)
    if before["kind"] == "PersistentVolumeClaim":
        bind(control_plane, before)
    if level is None:
        client.apply(after, dry_run=True)
    else:
        with pytest.raises(Refused, match=r"(?i)immutable|forbidden|invalid"):
            client.apply(after, dry_run=True)


def place(item: Object, name: str) -> None:
    """Give an example a place of its own: its namespace, or its name where it has none."""
    metadata = item["metadata"]
    if metadata["namespace"]:
        metadata["namespace"] = name
    else:
        metadata["name"] = name
        del metadata["namespace"]
    if item["kind"] == "PersistentVolumeClaim" and item["spec"]["storageClassName"] == "kept":
        item["spec"] |= {"volumeName": name, "storageClassName": name}


def bind(cluster: Cluster, claim: Object) -> None:
    """Let a claim have its disk: only a bound one grows."""
    name = claim["metadata"]["namespace"]
    kept = copy.deepcopy(STORAGE_CLASS)
    kept["metadata"] = {"name": name}
    spec = {
        "storageClassName": name,
        "capacity": {"storage": "8Gi"},
        "accessModes": ["ReadWriteOnce"],
        "csi": {"driver": "disk.csi.azure.com", "volumeHandle": name},
    }
    disk = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}}
    cluster.client.apply(kept, disk | {"spec": spec})
    cluster.client.wait_for(
        "PersistentVolumeClaim",
        claim["metadata"]["name"],
        lambda found: found["status"].get("phase") == "Bound",
        namespace=name,
    )
