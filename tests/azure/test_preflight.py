"""`preflight` says all that would stop an apply, each with its cure, and writes nothing."""

import pytest

from tests.azure.local_azure import CALLER, SUBSCRIPTION

pytestmark = pytest.mark.timeout(600)
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"


def refused(script, azure, **variables):
    """What it says and does not call ready."""
    ended = script.run("preflight", status=1, **variables)
    assert ended.out == ""
    assert azure.writes() == []
    return ended.err.splitlines()


def test_what_is_ready_is_said_to_be(script, azure):
    assert script.run("preflight").out == "ready\n"
    assert azure.writes() == []


def test_what_is_applied_stays_ready(applied):
    assert applied.run("preflight").out == "ready\n"


@pytest.mark.parametrize("roles", [[], [READER]])
def test_without_roles_it_says_what_an_owner_runs(roles, script, azure):
    azure.control("set", caller_roles=roles)
    assert refused(script, azure) == [
        line
        for role in ("Contributor", "Role Based Access Control Administrator")
        for line in (
            f"! you lack the role {role}",
            f"    an owner runs: az role assignment create --assignee-object-id {CALLER} "
            f"--role '{role}' --scope /subscriptions/{SUBSCRIPTION}",
        )
    ]


def test_names_that_others_have_are_said_beside_all_else(script, azure):
    mlflow, secrets = script.env.apps.mlflow, script.env.secrets
    azure.control(
        "set", forbidden=[mlflow.artifacts.account, secrets.key_vault], caller_roles=[READER]
    )
    problems = [line for line in refused(script, azure) if line.startswith("! ")]
    assert problems[:2] == [
        "! you lack the role Contributor",
        "! you lack the role Role Based Access Control Administrator",
    ]
    [account, vault] = problems[2:]
    assert account.startswith(f"! storage account {mlflow.artifacts.account}: ")
    assert account.endswith(" Choose another apps.mlflow.artifacts.account.")
    assert vault.startswith(f"! key vault {secrets.key_vault}: ")
    assert vault.endswith(" Choose another secrets.key_vault.")


def test_a_kubernetes_version_that_aks_does_not_offer(script, azure):
    text = script.path.read_text()
    script.path.write_text(text.replace("kubernetes_version=1.36", "kubernetes_version=1.30"))
    assert refused(script, azure) == [
        "! AKS does not offer Kubernetes 1.30 in centralindia, but 1.35 1.36 1.37",
        "    set cluster.kubernetes_version in environments/prod.yaml",
    ]


def test_a_vm_size_that_the_region_does_not_offer(script, azure):
    script.render(cluster__nodes__size="Standard_D4s_v5")
    assert refused(script, azure) == [
        "! centralindia does not offer the VM size Standard_D4s_v5 to this subscription",
        "    az vm list-skus --location centralindia --resource-type virtualMachines "
        "--output table, then set cluster.nodes.size in environments/prod.yaml",
    ]


def test_a_client_that_is_too_old(script, azure, tmp_path):
    old = tmp_path / "old/az"
    old.parent.mkdir()
    path = script.variables["PATH"]
    old.write_text(
        f'#!/bin/sh\n[ "$1" != version ] || {{ echo 2.59.0; exit; }}\nPATH={path} exec az "$@"\n'
    )
    old.chmod(0o755)
    assert refused(script, azure, PATH=f"{old.parent}:{path}") == [
        "! az is version 2.59.0, 2.60 or newer is needed",
        "    az upgrade, or: pip install --upgrade azure-cli",
    ]
