"""A push -> MLflow that answers; a change -> only what depends on it is touched."""

import subprocess

import pytest

from tests.cluster.delivery import NAMESPACE, Delivery
from tests.cluster.rig import flux, http
from tests.cluster.rig.client import rolled_out
from tests.cluster.rig.programs import ROOT
from tests.cluster.rig.timeline import Timeline
from tests.cluster.rig.waiting import wait_for


def test_from_the_first_push_to_a_registered_model(dev: Delivery, timeline: Timeline) -> None:
    assert "accuracy" in as_data_scientist(dev)
    dev.timeline.mark("the client example has registered a model and loaded it")
    timeline.moments += dev.timeline.moments
    # 60 s on two idle cores; what the table shows is the figure, this is only far from it.
    assert dict(dev.timeline.moments)["MLflow answers through its Service"] < 300
    blobs = dev.cluster.place.folder / "blobs/__blobstorage__"
    assert any(b"LogisticRegression" in file.read_bytes() for file in blobs.iterdir())
    for pod in dev.cluster.client.objects("Pod", namespace=NAMESPACE):
        for container in pod["status"]["containerStatuses"]:
            assert "OOMKilled" not in str(container), "memory limit met"


def as_data_scientist(dev: Delivery) -> str:
    """Run the client example with no credential of Azure; return what it said."""
    tracking = dev.tracking()
    python = dev.cluster.programs.find("mlflow").with_name("python")
    done = subprocess.run(
        [python, ROOT / "examples/track.py"],
        env={
            "HOME": str(dev.cluster.place.folder),
            "MLFLOW_TRACKING_URI": f"http://{tracking.address}",
            "MLFLOW_TRACKING_USERNAME": tracking.user,
            "MLFLOW_TRACKING_PASSWORD": tracking.password,
            "PATH": "/usr/bin:/bin",
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_changed_value_touches_only_what_depends_on_it(dev: Delivery) -> None:
    before = versions(dev)
    dev.set("apps.mlflow.workers=2")
    dev.wait(dev.push("Two workers"))
    after = versions(dev)
    touched = {key[0] for key in {*before, *after} if after.get(key) != before.get(key)}
    assert touched <= {"ConfigMap", "Deployment", "Pod", "ReplicaSet", "EndpointSlice"}
    assert "Deployment" in touched
    untouched = {key for key in before if "postgresql" in key[1]}
    assert untouched
    assert all(after[key] == before[key] for key in untouched)


def test_nothing_of_the_server_is_made_before_its_data_is_ready(dev: Delivery) -> None:
    first = dev.cluster.client.get("ServiceAccount", "mlflow", namespace=NAMESPACE)
    assert first
    assert first["metadata"]["creationTimestamp"] >= dev.data_ready


def versions(dev: Delivery) -> dict[tuple[str, str], str]:
    """Every object that was delivered, and what was made of it."""
    kinds = ["ConfigMap", "Deployment", "EndpointSlice", "NetworkPolicy", "PersistentVolumeClaim"]
    kinds += ["Pod", "ReplicaSet", "Secret", "Service", "ServiceAccount", "StatefulSet"]
    return {
        (kind, found["metadata"]["name"]): found["metadata"]["resourceVersion"]
        for kind in kinds
        for found in dev.cluster.client.objects(kind, namespace=NAMESPACE)
    }


def test_what_was_changed_or_deleted_by_hand_comes_back(dev: Delivery) -> None:
    client = dev.cluster.client
    before = client.get("Service", "mlflow", namespace=NAMESPACE)
    assert before
    port = '{"spec": {"ports": [{"name": "http", "port": 80, "targetPort": 81}]}}'
    dev.by_hand("patch", "service", "mlflow", f"--namespace={NAMESPACE}", f"--patch={port}")
    dev.by_hand("delete", "configmap", settings(dev), f"--namespace={NAMESPACE}")
    dev.by_hand("delete", "deployment", "mlflow", f"--namespace={NAMESPACE}")
    flux.reconcile(client, "Kustomization", "mlflow-server")
    client.wait_for(
        "Service",
        "mlflow",
        lambda found: found["spec"]["ports"] == before["spec"]["ports"],
        namespace=NAMESPACE,
    )
    client.wait_for("Deployment", "mlflow", rolled_out, namespace=NAMESPACE, seconds=120)
    assert wait_for("answer", lambda: http.answers(f"http://{dev.address}/health"))


def settings(dev: Delivery) -> str:
    found = dev.cluster.client.objects("ConfigMap", namespace=NAMESPACE)
    (name,) = (
        one["metadata"]["name"] for one in found if one["metadata"]["name"].startswith("mlflow-set")
    )
    return str(name)


@pytest.mark.parametrize(
    ("victim", "cpu"),
    [
        ("source-controller", 191),
        ("kustomize-controller", 192),
        ("kube-controller-manager", 193),
        ("kube-scheduler", 194),
        ("kube-apiserver", 195),
    ],
)
def test_a_rollout_ends_the_same_whoever_is_killed_in_it(
    dev: Delivery, victim: str, cpu: int
) -> None:
    """test_helm.py kills the helm-controller."""
    servers, client = dev.cluster.servers, dev.cluster.client
    before = generation(dev)
    dev.set(f"apps.mlflow.resources.cpu={cpu}m")
    revision = dev.push("Another size")
    if victim != "source-controller":  # which is fetching now
        wait_for("beginning of the rollout", lambda: generation(dev) > before)
    servers.kill(victim)
    servers.restart(victim)
    dev.wait(revision)
    found = client.wait_for("Deployment", "mlflow", rolled_out, namespace=NAMESPACE, seconds=120)
    (container,) = found["spec"]["template"]["spec"]["containers"]
    assert container["resources"]["requests"]["cpu"] == f"{cpu}m"


def generation(dev: Delivery) -> int:
    """How often the Deployment was changed."""
    found = dev.cluster.client.get("Deployment", "mlflow", namespace=NAMESPACE)
    return int(found["metadata"]["generation"]) if found else 0
