"""What `gen diff` calls immutable or downtime -> refused, or gone, in a real cluster."""

import copy
from collections.abc import Iterator

import pytest

from generator.review import review, workloads
from generator.review.model import Applied, Level, Side
from generator.review.rules import immutable
from tests.cluster.rig import Cluster
from tests.cluster.rig.client import Client, Object, Refused, is_ready
from tests.cluster.rig.waiting import wait_for
from tests.cluster.test_node import BUSYBOX, SERVE
from tests.review.objects import KUSTOMIZATION, STORAGE_CLASS, side
from tests.review.test_rules import EXAMPLES


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


@pytest.fixture(scope="module")
def node() -> Iterator[Cluster]:
    """A cluster that runs pods."""
    with Cluster(node=True, images=[BUSYBOX]) as cluster:
        cluster.client.apply(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "test"}}
        )
        cluster.client.wait_for("ServiceAccount", "default", namespace="test")
        yield cluster


def workload(kind: str, name: str, **spec: object) -> Object:
    """Pods that are ready about a second after they start, and end when they are told to."""
    container = {
        "name": "main",
        "image": BUSYBOX.name,
        "args": ["sh", "-c", SERVE.replace("$1", "/bin")],
        "readinessProbe": {"httpGet": {"path": "/busybox", "port": 8080}, "periodSeconds": 1},
    }
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "test"},
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": template, **spec},
    }


def rolling(**rolling_update: object) -> Object:
    return {"strategy": {"rollingUpdate": rolling_update}}


ROLLOUTS = [
    ("surge", workload("Deployment", "surge", **rolling(maxSurge=1, maxUnavailable=0)), 1),
    ("default", workload("Deployment", "default"), 1),
    ("pair", workload("Deployment", "pair", replicas=2,
                      **rolling(maxSurge=0, maxUnavailable=1)), 1),
    ("recreate", workload("Deployment", "recreate", strategy={"type": "Recreate"}), 0),
    ("away", workload("Deployment", "away", **rolling(maxSurge=0, maxUnavailable=1)), 0),
    ("single", workload("StatefulSet", "single", serviceName="single"), 0),
    ("several", workload("StatefulSet", "several", serviceName="several", replicas=2), 1),
]  # fmt: skip


@pytest.mark.parametrize(("name", "before", "serving"), ROLLOUTS, ids=[r[0] for r in ROLLOUTS])
def test_pods_are_gone_where_downtime_is_said_and_only_there(
    node: Cluster, name: str, before: Object, serving: int
) -> None:
    after = copy.deepcopy(before)
    after["spec"]["template"]["metadata"]["annotations"] = {"revision": "2"}
    [finding] = review(name, side(before), side(after)).findings
    assert finding.level == (Level.RESTART if serving else Level.DOWNTIME)
    if before["kind"] == "Deployment":
        assert workloads.available(Applied(after, "")) == serving

    client = node.client
    client.apply(before)
    count = before["spec"].get("replicas", 1)
    wait_for("pods", lambda: len(ready(client, name)) == count, seconds=60)
    old = ready(client, name)
    client.apply(after)
    least = count

    def replaced() -> bool:
        nonlocal least
        found = ready(client, name)
        least = min(least, len(found))
        return len(found - old) == count

    wait_for("new pods", replaced, seconds=90, pause=0.02)
    assert least == 0 if serving == 0 else least >= serving


def test_pods_stay_as_they_are_where_somebody_must_delete_them(node: Cluster) -> None:
    client = node.client
    strategy = {"type": "OnDelete"}
    before = workload("StatefulSet", "kept", serviceName="kept", updateStrategy=strategy)
    after = copy.deepcopy(before)
    after["spec"]["template"]["metadata"]["annotations"] = {"revision": "2"}
    [finding] = review("kept", side(before), side(after)).findings
    assert finding.level == Level.ACTION

    client.apply(before)
    wait_for("pod", lambda: ready(client, "kept"), seconds=60)
    [old] = ready(client, "kept")
    client.apply(after)
    client.wait_for(
        "StatefulSet",
        "kept",
        lambda found: found["status"].get("updateRevision") != found["status"]["currentRevision"],
        namespace="test",
    )
    assert ready(client, "kept") == {old}
    client.delete("Pod", "kept-0", namespace="test")
    wait_for("the new pod", lambda: ready(client, "kept") - {old}, seconds=60)


def ready(client: Client, name: str) -> set[str]:
    """The ids of the pods that serve."""
    pods = client.objects("Pod", namespace="test", labels=f"app={name}")
    serving = (pod for pod in pods if "deletionTimestamp" not in pod["metadata"] and is_ready(pod))
    return {pod["metadata"]["uid"] for pod in serving}
