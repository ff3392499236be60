"""A commit that cannot be applied -> the old state, Flux says why, and the next one heals it."""

import pytest

from tests.cluster.delivery import NAMESPACE, Delivery
from tests.cluster.rig import http

BASE = "apps/mlflow/base"
BREAKS = {
    "bad YAML": (
        "apps/mlflow/overlays/dev/server/patches.yaml",
        "kind: Deployment",
        "kind: [Deployment",
        "mlflow-server",
        "yaml",
    ),
    "immutable field": (
        f"{BASE}/data/postgresql.yaml",
        "  serviceName: postgresql\n",
        "  serviceName: elsewhere\n",
        "mlflow-data",
        "updates to statefulset spec for fields other than",
    ),
    "missing path": (
        "clusters/dev/mlflow-server.yaml",
        "overlays/dev/server",
        "overlays/dev/servers",
        "mlflow-server",
        "overlays/dev/servers: no such file or directory",
    ),
}


@pytest.mark.parametrize("mistake", BREAKS)
def test_a_broken_commit_changes_nothing_and_the_next_heals_it(dev: Delivery, mistake: str) -> None:
    path, old, new, stopped, cause = BREAKS[mistake]
    before = running(dev)
    dev.replace(path, old, new)
    dev.push(f"Break it: {mistake}")
    dev.says(stopped, cause)
    assert running(dev) == before
    assert http.answers(f"http://{dev.address}/health")

    dev.restore("HEAD~1")
    dev.wait(dev.push("Repair it"))
    assert running(dev) == before


def test_an_unknown_field_changes_nothing_and_only_gen_validate_finds_it(dev: Delivery) -> None:
    """Flux brings built-in kinds into their form itself, and so never shows it to the server."""
    before = running(dev)
    types = "  policyTypes: [Ingress, Egress]\n"
    dev.replace(f"{BASE}/server/network.yaml", types, f"{types}  policyType: Ingress\n")
    with pytest.raises(AssertionError, match="policyType"):
        dev.gen("validate", "--env", "dev")
    dev.wait(dev.push("An unknown field"))
    assert running(dev) == before
    dev.restore("HEAD~1")
    dev.wait(dev.push("Repair it"))


def running(dev: Delivery) -> set[tuple[str, int]]:
    """What serves: an object made again has another uid, a changed one another generation."""
    return {
        (found["metadata"]["uid"], found["metadata"].get("generation", 0))
        for kind in ("Deployment", "StatefulSet", "Pod", "Service")
        for found in dev.cluster.client.objects(kind, namespace=NAMESPACE)
    }
