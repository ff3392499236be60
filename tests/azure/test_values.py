"""Each value of the environment file that reaches Azure, changed: its lines of the plan alone."""

import pytest

from generator import environment
from generator.environment import edit, keys
from generator.render import infra
from tests.azure.local_azure import SUBSCRIPTION
from tests.review.test_leaves import CHANGES
from tests.trees import ROOT

pytestmark = pytest.mark.timeout(1200)

ADMIN = "0aa3981a-3333-4333-8333-333333333333"
SCALING = "agentPoolProfiles[0].[enableAutoScaling,minCount,maxCount]"
NODES = "agentPoolProfiles[0].[enableAutoScaling,count]"
CLUSTER = "AKS cluster aks-mlflow-prod"
FLUX = "Flux configuration flux-system"
TAGGED = (
    "resource group rg-mlflow-prod",
    "storage account tharindumlflow0aa3981a",
    "managed identity id-aks-mlflow-prod",
    "key vault kv-mlflow-prod-0aa3981a",
    CLUSTER,
    "managed identity id-aks-mlflow-prod-plan",
    "managed identity id-aks-mlflow-prod-apply",
)
REPOSITORY = "https://github.com/example/mlflow-gitops"
SECRETS = ("admin-password", "database-password", "flask-secret-key", "storage-connection-string")
OFFICIAL = {"apps__mlflow__image": {"name": "ghcr.io/mlflow/mlflow", "tag": "v3.16.1-full"}}


def credential(job, old, new):
    place = {"plan": "prod-plan", "apply": "prod"}[job]
    return (
        f"~ federated credential id-aks-mlflow-prod-{job}/github: "
        f"subject: repo:{old}:environment:{place} -> repo:{new}:environment:{place}"
    )


# One value, what becomes of it, and every line of the plan that is not "=".
IN_PLACE = {
    "cluster__tier": ("standard", f"~ {CLUSTER}: sku.tier: Free -> Standard"),
    "cluster__kubernetes_version": ("1.37", f"~ {CLUSTER}: kubernetesVersion: 1.36 -> 1.37"),
    "cluster__nodes__count": (2, f"~ {CLUSTER}: {NODES}: [false,1] -> [false,2]"),
    "cluster__nodes__max_count": (3, f"~ {CLUSTER}: {SCALING}: [false,null,null] -> [true,1,3]"),
    "git__branch": ("next", f"~ {FLUX}: gitRepository.repositoryRef.branch: main -> next"),
    "apps__mlflow__artifacts__container": ("other", "+ blob container other"),
    "cluster__admins": ([ADMIN], f"+ role assignment cluster_admin for {ADMIN}"),
}
MORE = {
    "azure__tags": (
        {"owner": "me"},
        *(f"~ {resource}: tags.owner: ml-platform -> me" for resource in TAGGED),
    ),
    "git__url": (
        "https://github.com/other/repo",
        f"~ {FLUX}: gitRepository.url: {REPOSITORY} -> https://github.com/other/repo",
        credential("plan", "example/mlflow-gitops", "other/repo"),
        credential("apply", "example/mlflow-gitops", "other/repo"),
    ),
    "cluster__name": (
        "aks-other",
        "+ managed identity id-aks-other",
        "+ role assignment secrets_user for pods",
        "+ AKS cluster aks-other",
        "+ maintenance window aksManagedAutoUpgradeSchedule",
        "+ maintenance window aksManagedNodeOSUpgradeSchedule",
        "+ role assignment contributor for cluster",
        "+ federated credential id-aks-other/mlflow",
        "+ federated credential id-aks-other/postgresql",
        "+ federated credential id-aks-other/mlflow-backup",
        "+ Flux extension flux",
        "+ Flux configuration flux-system",
        "+ managed identity id-aks-other-plan",
        "+ federated credential id-aks-other-plan/github",
        "+ role assignment reader for github-plan",
        "+ managed identity id-aks-other-apply",
        "+ federated credential id-aks-other-apply/github",
        "+ role assignment reader for github-apply",
        "+ role assignment owner for github-apply",
    ),
    "secrets__provider": ("sops", "+ age key sops-age"),
    "secrets__key_vault": (
        "kv-other-0aa3981a",
        "+ key vault kv-other-0aa3981a",
        "+ role assignment secrets_officer for you",
        "+ role assignment secrets_user for pods",
        *(f"+ vault secret {name}" for name in SECRETS),
    ),
    "apps__mlflow__artifacts__account": (
        "other0aa3981a",
        "+ storage account other0aa3981a",
        "+ blob service other0aa3981a",
        "+ blob container artifactroot",
        "+ blob container backups",
        "+ vault secret storage-connection-string",
    ),
    "apps__mlflow__artifacts__access": (
        "workload-identity",
        "~ storage account tharindumlflow0aa3981a: allowSharedKeyAccess: true -> false",
        "+ role assignment blob_contributor for pods",
    ),
    "apps__mlflow__delivery": (
        "helm",
        "~ Flux extension flux: configurationSettings.helm-controller.enabled: false -> true",
    ),
    "apps__mlflow__backup": (None,),  # what it made stays
    "apps__mlflow__database__disk": ("pvc-1",),  # only a cluster that is to be made asks for it
}
IMPOSSIBLE = {
    "cluster__nodes__size": (
        "Standard_D8as_v5",
        "agentPoolProfiles[0].vmSize: Standard_D4as_v5 -> Standard_D8as_v5",
    ),
    "cluster__kubernetes_version": ("1.35", "1.36 -> 1.35 (AKS does not go back"),
    "azure__location": ("westeurope", "location: centralindia -> westeurope"),
}
# Tested by themselves, below or in the file that is named.
ELSEWHERE = {
    "azure__subscription": "test_another_subscription_is_signed_in_to_first",
    "azure__resource_group": "test_another_group_is_empty_and_worldwide_names_are_taken",
    "git__auth": "test_outputs.py",
    "notifications__commit_status": "test_notifications.py",
    "notifications__chat": "test_notifications.py",
    "apps__mlflow__exposure__tls__host": "test_given.py",
    "apps__mlflow__exposure__kind": "test_outputs.py",
}


@pytest.mark.parametrize("key", [*IN_PLACE, *MORE])
def test_a_changed_value_is_its_lines_of_the_plan(applied, azure, key):
    value, *lines = (IN_PLACE | MORE)[key]
    applied.render(**{key: value}, **(OFFICIAL if key.endswith("access") else {}))
    assert applied.run("plan").lines("+", "~", "!") == lines
    assert azure.writes() == []


def test_changed_values_arrive_by_a_write_each(applied, azure):
    """But for the nodes: their counts are one, the autoscaler's bounds."""
    applied.render(**{key: value for key, (value, _) in IN_PLACE.items()})
    applied.run("apply")
    assert len(azure.writes()) == len(IN_PLACE) - 1
    assert applied.run("plan").lines("+", "~", "!") == []


def test_another_account_brings_its_connection_string(applied, azure):
    """The secret is there, and of the old account: its name alone would say that all is well."""
    applied.render(apps__mlflow__artifacts__account="other0aa3981a")
    applied.run("apply")
    values = azure.control("values")["storage-connection-string"]
    assert [
        f"AccountName={name};" in value
        for name, value in zip(("tharindumlflow0aa3981a", "other0aa3981a"), values, strict=True)
    ] == [True, True]
    assert applied.run("plan").lines("+", "~", "!") == []


def test_what_azure_cannot_change_is_refused_before_anything_is_written(applied, azure):
    applied.render(**{key: value for key, (value, _) in IMPOSSIBLE.items()})
    refused = applied.run("apply", status=1)
    for _, said in IMPOSSIBLE.values():
        assert any(said in line for line in refused.lines("!"))
    assert "Nothing was changed." in refused.err
    assert azure.writes() == []


def test_another_group_is_empty_and_worldwide_names_are_taken(applied, azure):
    applied.render(azure__resource_group="rg-other")
    plan = applied.run("plan")
    assert [line.partition(":")[0] for line in plan.lines("!")] == [
        "! storage account tharindumlflow0aa3981a",
        "! key vault kv-mlflow-prod-0aa3981a",
    ]
    assert {line.split()[1] for line in plan.lines("=")} == {"resource"}
    assert "= resource group rg-mlflow-prod" not in plan.out


def test_another_subscription_is_signed_in_to_first(applied, azure):
    other = SUBSCRIPTION.replace("1111", "9999")
    applied.render(azure__subscription=other)
    refused = applied.run("plan", status=1)
    assert f"! not signed in to subscription {other}" in refused.err
    assert f"az login, then: az account set --subscription {other}" in refused.err
    assert azure.control("requests") == []


def test_every_value_that_reaches_azure_is_here():
    """A value that reaches a script is one whose change changes its text."""
    reaching = set()
    for key, before, after, both, _ in CHANGES:
        texts = [script({**both, key: value}) for value in (before, after)]
        if texts[0] != texts[1]:
            reaching.add(key)
    here = {key.replace("__", ".") for key in (*IN_PLACE, *MORE, *IMPOSSIBLE, *ELSEWHERE)}
    pairs = [(key, at) for key in reaching for at in here if f"{key}.".startswith(f"{at}.")]
    assert reaching == {key for key, _ in pairs}
    assert here == {at for _, at in pairs}


def script(values):
    """The script of prod with these values, written as people write them; None for none."""
    edits = {keys.location(key): value for key, value in values.items()}
    gone = [where for where, value in edits.items() if value is None]
    typed = {where: keys.typed(where, value) for where, value in edits.items() if value is not None}
    text = edit.assign(edit.remove(environment.text(ROOT, "prod"), gone), typed)
    [file] = infra.files(environment.check("prod", environment.parse("prod", text)))
    return file.text
