"""The provisioning script of prod, by the real az, against the local Azure."""

import pytest

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
    assert azure.state() == state
    assert again.lines("+", "~", "!") == []


# What somebody changed by hand, and the line of the plan that says so.
DRIFT = (
    (GROUP, "rg-mlflow-prod", "tags.owner", "me", "~ resource group rg-mlflow-prod: tags.owner: me -> ml-platform"),
    (STORAGE, "", "properties.minimumTlsVersion", "TLS1_0", "~ storage account tharindumlflow0aa3981a: minimumTlsVersion: TLS1_0 -> TLS1_2"),
    (f"{STORAGE}/blobServices", "", "properties.deleteRetentionPolicy", {"enabled": False}, "~ blob service tharindumlflow0aa3981a: deleteRetentionPolicy.enabled: false -> true; deleteRetentionPolicy.days: none -> 7"),
    (f"{STORAGE}/blobServices/containers", "", "properties.publicAccess", "Blob", "~ blob container artifactroot: publicAccess: Blob -> None"),
    (IDENTITY, "id-aks-mlflow-prod", "tags", {"owner": "ml-platform!"}, "~ managed identity id-aks-mlflow-prod: tags.owner: ml-platform! -> ml-platform"),
    (VAULT, "", "properties.enableRbacAuthorization", False, "~ key vault kv-mlflow-prod-0aa3981a: enableRbacAuthorization: false -> true"),
    (CLUSTER, "", "properties.disableLocalAccounts", False, "~ AKS cluster aks-mlflow-prod: agentPoolProfiles[0].[enableAutoScaling,count]: [false,3] -> [false,1]; disableLocalAccounts: false -> true"),
    (CLUSTER, "", "properties.agentPoolProfiles.0.count", 3, ""),
    (f"{CLUSTER}/maintenanceConfigurations", "aksManagedAutoUpgradeSchedule", "properties.maintenanceWindow.durationHours", 8, "~ maintenance window aksManagedAutoUpgradeSchedule: maintenanceWindow.durationHours: 8 -> 4"),
    (CREDENTIAL, "mlflow", "properties.issuer", "https://elsewhere.test/", "~ federated credential id-aks-mlflow-prod/mlflow: issuer: https://elsewhere.test/ -> "),
    (f"{FLUX}/extensions", "", "properties.autoUpgradeMinorVersion", False, "~ Flux extension flux: autoUpgradeMinorVersion: false -> true"),
    (f"{FLUX}/fluxConfigurations", "", "properties.gitRepository.repositoryRef.branch", "dev", "~ Flux configuration flux-system: gitRepository.repositoryRef.branch: dev -> main"),
)  # fmt: skip


def test_every_drift_is_shown_and_cured_by_what_it_needs(applied, azure):
    before = azure.state()
    for kind, name, path, value, _ in DRIFT:
        azure.drift(azure.one(kind, name), path, value)
    shown = applied.run("plan", "--check", status=3).lines("+", "~", "!")
    expected = [line for *_, line in DRIFT if line]
    assert len(shown) == len(expected)
    for line, start in zip(shown, expected, strict=True):
        assert line.startswith(start)
    assert azure.writes() == []
    applied.run("apply")
    assert azure.state() == before
    # The group and the identity differ in a tag only, the cluster in its nodes, too.
    assert len(azure.writes()) == len(DRIFT)


def test_what_is_gone_comes_back(applied, azure):
    for kind, name in ((f"{STORAGE}/blobServices/containers", ""), (CREDENTIAL, "postgresql")):
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
        for name in ("mlflow", "postgresql")
    ]
    applied.run("apply")
    new = azure.one(CLUSTER)["properties"]["oidcIssuerProfile"]["issuerURL"]
    assert new != issuer
    assert azure.one(CREDENTIAL, "mlflow")["properties"]["issuer"] == new
    assert applied.run("plan").lines("+", "~", "!") == []


# A value of the environment file, and what its change means for Azure.
VALUES = (
    ({"cluster__tier": "standard"}, ["~ AKS cluster aks-mlflow-prod: sku.tier: Free -> Standard"]),
    (
        {"cluster__kubernetes_version": "1.37"},
        ["~ AKS cluster aks-mlflow-prod: kubernetesVersion: 1.36 -> 1.37"],
    ),
    (
        {"cluster__nodes__count": 2},
        ["~ AKS cluster aks-mlflow-prod: agentPoolProfiles[0].[enableAutoScaling,count]: [false,1] -> [false,2]"],
    ),
    (
        {"cluster__nodes__max_count": 3},
        ["~ AKS cluster aks-mlflow-prod: agentPoolProfiles[0].[enableAutoScaling,minCount,maxCount]: [false,null,null] -> [true,1,3]"],
    ),
    ({"git__branch": "next"}, ["~ Flux configuration flux-system: gitRepository.repositoryRef.branch: main -> next"]),
    (
        {"apps__mlflow__artifacts__container": "other"},
        ["+ blob container other"],
    ),
    (
        {"cluster__admins": ["0aa3981a-3333-4333-8333-333333333333"]},
        ["+ role assignment cluster_admin for 0aa3981a-3333-4333-8333-333333333333"],
    ),
)  # fmt: skip
IMPOSSIBLE = (
    ({"cluster__nodes__size": "Standard_D8as_v5"}, "agentPoolProfiles[0].vmSize: Standard_D4as_v5 -> Standard_D8as_v5"),
    ({"cluster__kubernetes_version": "1.35"}, "kubernetesVersion: 1.36 -> 1.35 (AKS does not go back"),
    ({"azure__location": "westeurope"}, "location: centralindia -> westeurope"),
)  # fmt: skip


@pytest.mark.parametrize(("change", "lines"), VALUES, ids=lambda value: next(iter(value), ""))
def test_a_changed_value_is_one_line_of_the_plan(applied, azure, change, lines):
    applied.render(**change)
    assert applied.run("plan").lines("+", "~", "!") == lines
    applied.run("apply")
    assert applied.run("plan").lines("+", "~", "!") == []


@pytest.mark.parametrize(("change", "line"), IMPOSSIBLE, ids=lambda value: next(iter(value), ""))
def test_what_azure_cannot_change_is_refused_before_anything_is_written(
    applied, azure, change, line
):
    applied.render(**change)
    refused = applied.run("apply", status=1)
    assert any(line in shown for shown in refused.lines("!"))
    assert "Nothing was changed." in refused.err
    assert azure.writes() == []
