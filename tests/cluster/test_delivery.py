"""A push -> MLflow that answers; a change -> only what depends on it is touched."""

import subprocess

import pytest

from tests.cluster import delivery, published
from tests.cluster.delivery import NAMESPACE, Delivery
from tests.cluster.rig import Cluster, flux, http
from tests.cluster.rig.client import Object
from tests.cluster.rig.timeline import Timeline
from tests.cluster.rig.waiting import wait_for

# What a data scientist does, with the client library and no credential of Azure.
CLIENT = """\
import mlflow
from sklearn.linear_model import LogisticRegression

mlflow.set_experiment("example")
model = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
with mlflow.start_run() as run:
    mlflow.log_param("solver", model.solver)
    mlflow.log_metric("accuracy", model.score([[0.0], [1.0]], [0, 1]))
    mlflow.sklearn.log_model(model, "model")
again = mlflow.sklearn.load_model(f"runs:/{run.info.run_id}/model")
assert list(again.predict([[0.0], [1.0]])) == [0, 1]
print(run.info.artifact_uri)
"""


def test_from_the_first_push_to_a_logged_model(timeline: Timeline) -> None:
    with Cluster(node=True, images=published.ALL) as cluster:
        dev = delivery.copy(cluster, "dev")
        since = Timeline("From the first push")
        dev.push("First commit")
        since.mark("pushed")
        dev.follow()
        client = cluster.client
        client.wait_for("GitRepository", flux.NAMESPACE, has_artifact, namespace=flux.NAMESPACE)
        since.mark("fetched")
        dev.wait(dev.first, "mlflow-data")
        since.mark("PostgreSQL ready on its claim")
        url = f"http://{dev.address}/health"
        answered = wait_for("answer", lambda: http.answers(url), seconds=60)
        assert answered
        seconds = since.mark("MLflow answers through its Service")
        dev.wait(dev.first)
        since.mark("all of Flux's Kustomizations ready")
        uri = log_a_model(dev)
        since.mark("a model logged and loaded again by the client")
        assert uri.startswith("mlflow-artifacts:/")
        (pod,) = client.objects("Pod", namespace=NAMESPACE, labels="app.kubernetes.io/name=mlflow")
        assert pod["status"]["containerStatuses"][0]["restartCount"] == 0, "memory limit met?"
        timeline.moments += since.moments
        assert seconds < 60


def has_artifact(source: Object) -> bool:
    return "artifact" in source.get("status", {})


def log_a_model(dev: Delivery) -> str:
    tracking = dev.tracking()
    python = dev.cluster.programs.find("mlflow").with_name("python")
    done = subprocess.run(
        [python, "-c", CLIENT],
        env={
            "MLFLOW_TRACKING_URI": f"http://{tracking.address}",
            "MLFLOW_TRACKING_USERNAME": tracking.user,
            "MLFLOW_TRACKING_PASSWORD": tracking.password,
            "PATH": "/usr/bin:/bin",
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


def test_a_changed_value_touches_only_what_depends_on_it(changing: Delivery) -> None:
    before = versions(changing)
    changing.set(workers=2)
    changing.wait(changing.push("Two workers"))
    after = versions(changing)
    touched = {key[0] for key in before if after.get(key) != before[key]}
    assert touched <= {"ConfigMap", "Deployment", "Pod", "ReplicaSet", "EndpointSlice", "Endpoints"}
    assert "Deployment" in touched
    untouched = {key for key in before if "postgresql" in key[1]}
    assert untouched
    assert all(after[key] == before[key] for key in untouched)


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
    change = {"spec": {"ports": [{**before["spec"]["ports"][0], "port": 81}]}}
    client.patch("Service", "mlflow", change, namespace=NAMESPACE)
    client.delete("ConfigMap", settings(dev), namespace=NAMESPACE)
    client.delete("Deployment", "mlflow", namespace=NAMESPACE)
    flux.reconcile(client, "Kustomization", "mlflow-server")
    client.wait_for(
        "Service",
        "mlflow",
        lambda found: found["spec"]["ports"][0]["port"] == before["spec"]["ports"][0]["port"],
        namespace=NAMESPACE,
    )
    client.wait_for("Deployment", "mlflow", is_available, namespace=NAMESPACE)
    assert wait_for("answer", lambda: http.answers(f"http://{dev.address}/health"))


def settings(dev: Delivery) -> str:
    found = dev.cluster.client.objects("ConfigMap", namespace=NAMESPACE)
    (name,) = (
        one["metadata"]["name"] for one in found if one["metadata"]["name"].startswith("mlflow-set")
    )
    return str(name)


def is_available(deployment: Object) -> bool:
    status = deployment.get("status", {})
    return bool(
        status.get("observedGeneration") == deployment["metadata"]["generation"]
        and status.get("availableReplicas") == deployment["spec"]["replicas"]
        and status.get("replicas") == deployment["spec"]["replicas"]
    )


@pytest.mark.parametrize("victim", ["source-controller", "kustomize-controller", "kube-apiserver"])
def test_a_rollout_ends_the_same_whoever_is_killed_in_it(changing: Delivery, victim: str) -> None:
    servers, client = changing.cluster.servers, changing.cluster.client
    changing.set(auth__default_permission="MANAGE")
    revision = changing.push("Another permission")
    servers.kill(victim)
    servers.restart(victim)
    changing.wait(revision)
    client.wait_for("Deployment", "mlflow", is_available, namespace=NAMESPACE)
    found = client.get("ConfigMap", settings(changing), namespace=NAMESPACE)
    assert found
    assert found["data"]["DEFAULT_PERMISSION"] == "MANAGE"
