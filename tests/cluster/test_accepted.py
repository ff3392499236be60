"""What kustomize builds of every environment -> taken by the API server, without a warning."""

import pytest
from ruamel.yaml import YAML

from tests.cluster.rig import Cluster
from tests.cluster.rig.client import Object, Refused
from tests.manifests import cases
from tests.trees import ROOT

FIRST = ("Namespace", "ServiceAccount")


@pytest.fixture(scope="module")
def strict(control_plane: Cluster) -> Cluster:
    """A cluster that knows the add-on's kinds and has the namespace, which warns of every pod."""
    client = control_plane.client
    client.apply_kinds(control_plane.programs.folder("secrets-store") / "crds")
    meta = {"name": "mlflow", "labels": {"pod-security.kubernetes.io/warn": "restricted"}}
    client.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": meta})
    client.wait_for("ServiceAccount", "default", namespace="mlflow")
    return control_plane


@pytest.mark.parametrize("environment", cases.OWN)
def test_the_server_takes_every_object_without_a_warning(strict: Cluster, environment: str) -> None:
    built = [dict(item.values) for item in cases.case(environment).objects]
    client = strict.client
    client.warnings.clear()
    client.apply(*built, *followed(environment), dry_run=True)
    assert client.warnings == []


@pytest.mark.parametrize("environment", cases.OWN)
def test_pod_security_restricted_takes_every_pod(strict: Cluster, environment: str) -> None:
    built, client = cases.case(environment), strict.client
    for kind in FIRST:  # the namespace's own label is what enforces
        client.apply(*built.of(kind))
    client.warnings.clear()
    for pod in made(built):
        client.apply(pod, dry_run=True)
    assert client.warnings == []


def test_pod_security_restricted_refuses_a_pod_that_is_not(strict: Cluster) -> None:
    built = cases.case("dev")
    strict.client.apply(*built.of("Namespace"), *built.of("ServiceAccount"))
    pod = made(built)[0]
    pod["spec"] = {**pod["spec"], "hostNetwork": True}
    with pytest.raises(Refused, match="violates PodSecurity"):
        strict.client.apply(pod, dry_run=True)


def followed(environment: str) -> list[Object]:
    """What Flux reads first: the environment's Kustomizations and the two ids of Azure."""
    files = [*(ROOT / "clusters" / environment).glob("*.yaml"), *(ROOT / "infra/facts").iterdir()]
    return [YAML(typ="safe").load(file) for file in files]


def made(built: cases.Built) -> list[Object]:
    """The pods, as the workloads' controllers would make them."""
    workloads = built.of("Deployment") + built.of("StatefulSet")
    return [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": workload["metadata"]["name"], "namespace": "mlflow"},
            "spec": workload["spec"]["template"]["spec"],
        }
        for workload in workloads
    ]
