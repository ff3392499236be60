"""What only Azure knows -> the objects that need it, and nothing before it is known."""

from collections.abc import Iterator

import pytest

from tests.cluster import delivery
from tests.cluster.delivery import FACTS, NAMESPACE, Delivery
from tests.cluster.rig import Cluster
from tests.cluster.rig.flux import Flavour


@pytest.fixture(params=Flavour, ids=lambda flavour: flavour.name.lower())
def prod(request: pytest.FixtureRequest) -> Iterator[Delivery]:
    """Environment prod, pushed, but not followed yet."""
    with Cluster(flavour=request.param) as cluster:
        cluster.client.apply_kinds(cluster.programs.folder("secrets-store") / "crds")
        delivered = delivery.copy(cluster, "prod")
        delivered.push("First commit")
        yield delivered


def test_nothing_rolls_out_before_the_facts_are_there(prod: Delivery) -> None:
    client = prod.cluster.client
    prod.follow(facts=False)
    if prod.cluster.flavour is Flavour.AKS_EXTENSION:  # facts is a Kustomization there
        prod.says("flux-system-cluster", "flux-system-facts")
    else:
        prod.says("mlflow-data", "ConfigMap/azure-facts")
    assert client.get("Namespace", NAMESPACE) is None

    prod.learn()
    made = client.wait_for("SecretProviderClass", "mlflow-secrets", namespace=NAMESPACE)
    assert made["spec"]["parameters"]["clientID"] == FACTS["azure_client_id"]
    assert made["spec"]["parameters"]["tenantId"] == FACTS["azure_tenant_id"]
    client.wait_for("StatefulSet", "postgresql", namespace=NAMESPACE)

    if prod.cluster.flavour is Flavour.BOOTSTRAP:  # AKS's Flux 2.6 would put in an empty string
        a_variable_that_nobody_sets(prod)


def a_variable_that_nobody_sets(prod: Delivery) -> None:
    client = prod.cluster.client
    classes = "apps/mlflow/overlays/prod/data/secret-provider-classes.yaml"
    prod.replace(classes, "${azure_tenant_id}", "${not_set}")
    prod.push("A variable that nobody sets")
    prod.says("mlflow-data", '"not_set"')
    kept = client.get("SecretProviderClass", "mlflow-secrets", namespace=NAMESPACE)
    assert kept
    assert kept["spec"]["parameters"]["tenantId"] == FACTS["azure_tenant_id"]

    prod.restore("HEAD~1")
    prod.replace(classes, "keyvaultName: kv-mlflow-prod-0aa3981a", "keyvaultName: another")
    prod.push("Repair it, and change something")
    client.wait_for(
        "SecretProviderClass",
        "mlflow-secrets",
        lambda found: found["spec"]["parameters"]["keyvaultName"] == "another",
        namespace=NAMESPACE,
    )
