"""The provisioning script of prod, by the real az, against the local Azure."""

from dataclasses import dataclass

import pytest

from tests.azure.local_azure import changes

# az takes a second a call on a busy machine, and an apply is 70 of them.
pytestmark = pytest.mark.timeout(1200)

STORAGE = "Microsoft.Storage/storageAccounts"
IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities"
VAULT = "Microsoft.KeyVault/vaults"
CLUSTER = "Microsoft.ContainerService/managedClusters"
FLUX = "Microsoft.KubernetesConfiguration"
GROUP = "Microsoft.Resources/resourceGroups"
CREDENTIAL = f"{IDENTITY}/federatedIdentityCredentials"


def test_a_plan_of_nothing_writes_nothing(script, azure):
    plan = script.run("plan")
    assert azure.writes() == []
    assert "0 same" in plan.out
    assert plan.lines("=", "~", "!") == []


def test_a_second_apply_writes_nothing(applied, azure):
    state = azure.state()
    again = applied.run("apply")
    assert azure.writes() == []
    assert changes(state, azure.state()) == []
    assert again.lines("+", "~", "!") == []


@dataclass(frozen=True)
class Drift:
    """What somebody changed by hand, and what the plan says of it."""

    type: str
    path: str
    value: object
    said: str
    name: str = ""


NODES = "agentPoolProfiles[0].[enableAutoScaling,count]"
DRIFTS = (
    Drift(GROUP, "tags.owner", "me", "tags.owner: me -> ml-platform", "rg-mlflow-prod"),
    Drift(STORAGE, "properties.minimumTlsVersion", "TLS1_0", "TLS1_0 -> TLS1_2"),
    Drift(
        f"{STORAGE}/blobServices",
        "properties.deleteRetentionPolicy",
        {"enabled": False},
        "deleteRetentionPolicy.enabled: false -> true; deleteRetentionPolicy.days: none -> 7",
    ),
    Drift(
        f"{STORAGE}/blobServices/containers",
        "properties.publicAccess",
        "Blob",
        "Blob -> None",
        "artifactroot",
    ),
    Drift(IDENTITY, "tags", {"owner": "x"}, "tags.owner: x -> ml-platform", "id-aks-mlflow-prod"),
    Drift(
        VAULT, "properties.enableRbacAuthorization", False, "enableRbacAuthorization: false -> true"
    ),
    Drift(CLUSTER, "properties.agentPoolProfiles.0.count", 3, f"{NODES}: [false,3] -> [false,1]"),
    Drift(CLUSTER, "properties.disableLocalAccounts", False, "disableLocalAccounts: false -> true"),
    Drift(
        f"{CLUSTER}/maintenanceConfigurations",
        "properties.maintenanceWindow.durationHours",
        8,
        "maintenanceWindow.durationHours: 8 -> 4",
        "aksManagedAutoUpgradeSchedule",
    ),
    Drift(
        CREDENTIAL, "properties.issuer", "https://x.test/", "issuer: https://x.test/ ->", "mlflow"
    ),
    Drift(
        f"{FLUX}/extensions",
        "properties.autoUpgradeMinorVersion",
        False,
        "autoUpgradeMinorVersion: false -> true",
    ),
    Drift(
        f"{FLUX}/fluxConfigurations",
        "properties.gitRepository.repositoryRef.branch",
        "dev",
        "gitRepository.repositoryRef.branch: dev -> main",
    ),
)


def test_every_drift_is_shown_and_cured_by_one_write(applied, azure):
    before = azure.state()
    for drift in DRIFTS:
        azure.drift(azure.one(drift.type, drift.name), drift.path, drift.value)
    plan = applied.run("plan", "--check", status=3)
    assert azure.writes() == []
    assert all(any(drift.said in line for line in plan.lines("~")) for drift in DRIFTS)
    assert len(plan.lines("+", "~", "!")) == len(DRIFTS) - 1  # two are of the cluster
    applied.run("apply")
    assert changes(before, azure.state()) == []
    assert len(azure.writes()) == len(DRIFTS)


def test_what_is_gone_comes_back(applied, azure):
    for kind, name in (
        (f"{STORAGE}/blobServices/containers", "artifactroot"),
        (CREDENTIAL, "postgresql"),
    ):
        azure.control("remove", id=azure.one(kind, name)["id"])
    plan = applied.run("plan")
    assert plan.lines("+", "~", "!") == [
        "+ blob container artifactroot",
        "+ federated credential id-aks-mlflow-prod/postgresql",
    ]
    applied.run("apply")
    assert applied.run("plan").lines("+", "~", "!") == []


def test_tags_of_others_stay(applied, azure):
    azure.drift(azure.one(STORAGE), "tags", {"cost": "42"})
    applied.run("apply")
    assert azure.one(STORAGE)["tags"] == {"cost": "42", "owner": "ml-platform"}


def test_a_new_cluster_means_new_issuer_everywhere(applied, azure):
    old = azure.one(CLUSTER)
    azure.control("remove", id=old["id"])
    plan = applied.run("plan")
    unknown = "(known after apply)"
    issuer = old["properties"]["oidcIssuerProfile"]["issuerURL"]
    assert plan.lines("~") == [
        f"~ federated credential id-aks-mlflow-prod/{name}: issuer: {issuer} -> {unknown}"
        for name in ("mlflow", "postgresql", "mlflow-backup")
    ]
    applied.run("apply")
    new = azure.one(CLUSTER)["properties"]["oidcIssuerProfile"]["issuerURL"]
    assert new != issuer
    assert azure.one(CREDENTIAL, "mlflow")["properties"]["issuer"] == new
    assert applied.run("plan").lines("+", "~", "!") == []
