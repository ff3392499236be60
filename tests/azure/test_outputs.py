"""What others need to know of an environment: the server's address, ids, the deploy key."""

import base64
import hashlib
import json

import pytest

from tests.azure.local_azure import SUBSCRIPTION, TENANT

pytestmark = pytest.mark.timeout(1200)
CLUSTER = "Microsoft.ContainerService/managedClusters"
IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities"
CONFIGURATION = "Microsoft.KubernetesConfiguration/fluxConfigurations"


def networked(azure, kind, name, **body):
    """Put there what AKS makes for a Service, in the nodes' group."""
    group = azure.one(CLUSTER)["properties"]["nodeResourceGroup"]
    place = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}/providers/Microsoft.Network"
    where = {"id": f"{place}/{kind}/{name}", "name": name, "type": f"Microsoft.Network/{kind}"}
    azure.control("resource", **where, **body)


def test_a_public_servers_name_and_the_ids(applied, azure):
    networked(
        azure,
        "publicIPAddresses",
        "of-another",
        tags={"k8s-azure-service": "other/other"},
        properties={"ipAddress": "192.0.2.1"},
    )
    assert json.loads(applied.run("outputs", "--json").out)["address"] is None
    name = "mlflow-prod.centralindia.cloudapp.azure.com"
    networked(
        azure,
        "publicIPAddresses",
        "kubernetes-a1",
        tags={"k8s-azure-service": "mlflow/mlflow"},
        properties={"ipAddress": "192.0.2.2", "dnsSettings": {"fqdn": name}},
    )
    told = json.loads(applied.run("outputs", "--json").out)
    pods = azure.one(IDENTITY, "id-aks-mlflow-prod")["properties"]["clientId"]
    assert told["address"] == name
    assert told["client_id"] == pods
    assert told["tenant_id"] == TENANT
    assert told["issuer"] == azure.one(CLUSTER)["properties"]["oidcIssuerProfile"]["issuerURL"]
    ids = f"--from-literal=azure_client_id={pods} --from-literal=azure_tenant_id={TENANT} "
    create, label, apply = told["azure_facts"].split(" | ")
    assert f" {ids}" in f"{create} "
    assert label.endswith(" reconcile.fluxcd.io/watch=Enabled"), "as infra/facts/ has it"
    assert apply == "kubectl apply --filename=-"


def test_an_internal_servers_address(applied, azure):
    applied.render(apps__mlflow__exposure={"kind": "internal", "allowed_networks": ["10.0.0.0/8"]})
    networked(
        azure,
        "loadBalancers",
        "kubernetes-internal",
        properties={
            "frontendIPConfigurations": [{"properties": {"privateIPAddress": "10.224.0.9"}}]
        },
    )
    assert "address                10.224.0.9\n" in applied.run("outputs").out


def test_with_ssh_the_deploy_key_is_shown(applied, azure):
    url = "ssh://git@github.com/example/mlflow-gitops"
    applied.render(git__url=url, git__auth="ssh")
    told = applied.run("apply")
    assert told.lines("~", "+", "!") == [
        "~ Flux configuration flux-system: gitRepository.url: "
        f"https://github.com/example/mlflow-gitops -> {url}"
    ]
    key = azure.one(CONFIGURATION)["properties"]["repositoryPublicKey"]
    assert key.startswith("ssh-")
    assert f"deploy_key             {key}\n" in told.out


def test_with_a_token_flux_gets_it_from_a_file_and_nobody_sees_it(applied, azure, tmp_path):
    applied.render(git__auth="token")
    refused = applied.run("apply", status=1)
    assert refused.lines("!") == [
        "! Flux configuration flux-system: gitRepository.httpsUser: none -> git "
        "(say where the token is: GIT_TOKEN_FILE=PATH in front of this command)"
    ]
    assert azure.writes() == []

    assert replaced(applied, azure, tmp_path, "GIT_TOKEN_FILE", "httpsKey") == (
        b"github_pat_of_a_test",
        b"github_pat_another",
    )
    assert azure.one(CONFIGURATION)["properties"]["gitRepository"]["httpsUser"] == "git"


def replaced(applied, azure, tmp_path, variable, setting):
    """Give Flux a credential from a file, then another; return what Azure got each time."""
    file, got, before = tmp_path / "credential", [], "none"
    for text in ("github_pat_of_a_test\n", "github_pat_another\n"):
        file.write_text(text)
        plan = applied.run("plan", **{variable: str(file)})
        [line] = plan.lines("~", "+", "!")
        assert f"git_credential_sha1: {before} -> " in line
        before = hashlib.sha1(text.encode()).hexdigest()
        told = applied.run("apply", **{variable: str(file)})
        assert [line.split()[0] for line in azure.writes()] == ["PUT"]
        got.append(base64.b64decode(azure.control("protected")[setting]))
        assert "github_pat" not in told.out + told.err + plan.out
        for variables in ({}, {variable: str(file)}):
            assert applied.run("plan", **variables).lines("~", "+", "!") == []
    return tuple(got)


def test_with_ssh_a_key_of_ones_own_takes_the_place_of_azures(applied, azure, tmp_path):
    url = "ssh://git@github.com/example/mlflow-gitops"
    applied.render(git__url=url, git__auth="ssh")
    applied.run("apply")
    azure.writes()
    assert replaced(applied, azure, tmp_path, "GIT_SSH_KEY_FILE", "sshPrivateKey") == (
        b"github_pat_of_a_test\n",
        b"github_pat_another\n",
    )


def test_a_credential_that_cannot_be_read_is_no_reason_to_keep_the_old_one(script, azure):
    refused = script.run("plan", status=1, GIT_TOKEN_FILE="/nowhere/token")
    assert "! GIT_TOKEN_FILE: /nowhere/token cannot be read" in refused.err
    assert azure.control("requests") == []
