"""An app or environment that goes from Git -> its workloads go, and what holds data stays."""

from tests.cluster.delivery import NAMESPACE, Delivery
from tests.cluster.rig import flux
from tests.cluster.rig.repository import git

HOLDS_DATA = [
    ("Namespace", NAMESPACE),
    ("PersistentVolumeClaim", "postgresql-data"),
    ("Secret", "mlflow-secrets"),
]


def test_what_is_removed_from_git_goes_without_its_data_and_adopts_it_again(dev: Delivery) -> None:
    client = dev.cluster.client
    tracking = dev.tracking()
    experiment = tracking.experiment("removal")
    run = tracking.log_run(experiment, 5.0)
    before = held(dev)

    git(dev.repository.work, "rm", "--quiet", "clusters/dev/mlflow-server.yaml")
    dev.push("Without the server")
    client.wait_until_gone("Deployment", "mlflow", namespace=NAMESPACE)
    client.wait_until_gone("Service", "mlflow", namespace=NAMESPACE)
    assert client.get("StatefulSet", "postgresql", namespace=NAMESPACE)

    root = dev.root["metadata"]["name"]
    git(dev.repository.work, "rm", "-r", "--quiet", "clusters/dev", "environments/dev.yaml")
    dev.push("Without the environment")
    dev.says(root, "no such file or directory")  # a folder that went is no order to delete
    assert client.get("StatefulSet", "postgresql", namespace=NAMESPACE)
    client.delete("Kustomization", root, namespace=flux.NAMESPACE)
    client.wait_until_gone("StatefulSet", "postgresql", namespace=NAMESPACE)
    client.wait_until_gone("Kustomization", "mlflow-data", namespace=flux.NAMESPACE)
    assert held(dev) == before

    dev.restore("HEAD~2")
    revision = dev.push("Put it back")
    client.apply(dev.root)
    dev.wait(revision)
    assert held(dev) == before
    assert dev.tracking().logged(experiment, run) == (5.0, 5.0)


def held(dev: Delivery) -> dict[str, str]:
    """What holds data, by kind, and the disk that the claim is bound to."""
    client = dev.cluster.client
    found = {kind: client.get(kind, name, namespace=NAMESPACE) for kind, name in HOLDS_DATA}
    uids = {kind: one["metadata"]["uid"] for kind, one in found.items() if one}
    claim = found["PersistentVolumeClaim"]
    assert claim
    disk = client.get("PersistentVolume", claim["spec"]["volumeName"])
    assert disk
    assert disk["status"]["phase"] == "Bound"
    return uids | {"PersistentVolume": disk["metadata"]["uid"]}


def test_a_shrunk_claim_is_refused_and_nothing_is_lost(dev: Delivery) -> None:
    before = held(dev)
    dev.set("apps.mlflow.database.storage=1Gi")
    dev.push("A smaller disk")
    dev.says("mlflow-data", "field can not be less than")
    assert held(dev) == before
    dev.set("apps.mlflow.database.storage=4Gi")
    dev.wait(dev.push("The disk as it was"))
    assert held(dev) == before
