"""The local Azure keeps Azure's rules: what a second run does, what it refuses, what is unknown.

The expected texts are those that the scripts and the client react to.
"""

import subprocess

import pytest

from tests.azure.local_azure import CALLER, SUBSCRIPTION

pytestmark = pytest.mark.timeout(600)
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
STORAGE = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/account"
IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/identity"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/vault-1"
CLUSTER = f"{GROUP}/providers/Microsoft.ContainerService/managedClusters/aks"
ROLES = "/providers/Microsoft.Authorization/roleAssignments"
NAMESPACES = (
    "Storage",
    "ManagedIdentity",
    "KeyVault",
    "ContainerService",
    "KubernetesConfiguration",
)
VERSIONS = {
    GROUP: "2025-04-01",
    STORAGE: "2025-08-01",
    IDENTITY: "2024-11-30",
    VAULT: "2026-02-01",
    CLUSTER: "2026-06-01",
}
ACCOUNT = {"location": "centralindia", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
PLACE = {"location": "centralindia"}
SAFE = {"tenantId": SUBSCRIPTION, "sku": {"family": "A", "name": "standard"}, "accessPolicies": []}
POOL = {"name": "system", "mode": "System", "count": 1, "vmSize": "Standard_D4as_v5"}
AKS = PLACE | {
    "identity": {"type": "SystemAssigned"},
    "properties": {
        "dnsPrefix": "aks",
        "kubernetesVersion": "1.36",
        "oidcIssuerProfile": {"enabled": True},
        "agentPoolProfiles": [POOL],
    },
}


@pytest.fixture
def arm(azure):
    """Requests by method, id and body, in a subscription with a group and every provider."""

    def call(method, identifier, body=None, version=None):
        known = max((i for i in VERSIONS if identifier.startswith(i)), key=len, default=GROUP)
        return azure.call(method, identifier, body, version or VERSIONS[known])

    for name in NAMESPACES:
        azure.call("POST", f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.{name}/register")
    assert call("PUT", GROUP, PLACE)[0] == 201
    return call


def code(answer):
    status, body = answer
    return status, body["error"]["code"]


def made(arm, identifier, body):
    """Put a resource and wait until Azure is done with it."""
    status, answer = arm("PUT", identifier, body)
    assert status in (200, 201, 202), answer
    while (found := arm("GET", identifier)[1])["properties"].get("provisioningState") == "Creating":
        pass
    return found


def test_a_group_loses_its_tags_unless_they_are_said_again_and_cannot_move(arm):
    arm("PUT", GROUP, PLACE | {"tags": {"a": "b"}})
    assert arm("PUT", GROUP, PLACE)[1].get("tags") is None
    assert code(arm("PUT", GROUP, {"location": "westeurope"})) == (409, "PropertyChangeNotAllowed")


def test_a_storage_account_keeps_what_a_second_put_does_not_name(arm):
    made(arm, STORAGE, ACCOUNT | {"properties": {"minimumTlsVersion": "TLS1_2"}})
    assert arm("PUT", STORAGE, ACCOUNT)[1]["properties"]["minimumTlsVersion"] == "TLS1_2"
    changed = arm("PUT", STORAGE, ACCOUNT | {"kind": "BlobStorage"})
    assert code(changed) == (409, "PropertyChangeNotAllowed")


def test_an_identity_loses_its_tags_and_keeps_its_ids(arm):
    before = made(arm, IDENTITY, PLACE | {"tags": {"a": "b"}})
    after = arm("PUT", IDENTITY, PLACE)[1]
    assert after.get("tags") is None
    assert after["properties"] == before["properties"]


def test_one_issuer_and_subject_has_one_credential_and_an_identity_at_most_twenty(arm):
    made(arm, IDENTITY, PLACE)

    def put(name, subject):
        credential = f"{IDENTITY}/federatedIdentityCredentials/{name}"
        properties = {"issuer": "https://i.test/", "subject": subject, "audiences": ["a"]}
        return arm("PUT", credential, {"properties": properties})

    assert put("one", "s-one")[0] == 201
    assert put("one", "s-one")[0] == 200
    assert code(put("two", "s-one")) == (409, "FederatedIdentityCredentialAlreadyExists")
    assert [put(f"more{n}", f"s{n}")[0] for n in range(19)] == [201] * 19
    assert put("last", "s-last")[0] == 400


def test_a_role_goes_to_who_exists_and_an_assignment_stays_with_whom_it_has(arm):
    principal = made(arm, IDENTITY, PLACE)["properties"]["principalId"]
    role = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/r"

    def put(number, who):
        name = f"{ROLES}/00000000-0000-0000-0000-00000000000{number}"
        body = {"properties": {"roleDefinitionId": role, "principalId": who}}
        return arm("PUT", GROUP + name, body, "2022-04-01")

    nobody = "0aa3981a-9999-4999-8999-999999999999"
    assert code(put(1, nobody)) == (400, "PrincipalNotFound")
    assert put(1, principal)[0] == 201
    assert put(1, principal)[0] == 200
    assert code(put(2, principal)) == (409, "RoleAssignmentExists")
    assert code(put(1, CALLER)) == (409, "RoleAssignmentUpdateNotPermitted")


def test_a_deleted_vaults_name_is_taken_until_it_is_recovered_or_purged(arm):
    vault = PLACE | {"properties": SAFE}
    made(arm, VAULT, vault)
    assert arm("DELETE", VAULT)[0] == 200
    assert arm("GET", VAULT)[0] == 404
    assert code(arm("PUT", VAULT, vault)) == (409, "ConflictError")
    recovered = arm("PUT", VAULT, PLACE | {"properties": SAFE | {"createMode": "recover"}})
    assert recovered[0] == 201
    arm("DELETE", VAULT)
    deleted = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.KeyVault/locations/centralindia"
    purge = f"{deleted}/deletedVaults/vault-1/purge"
    assert arm("POST", purge, version="2026-02-01")[0] == 200
    assert arm("PUT", VAULT, vault)[0] == 201


def test_a_cluster_is_busy_while_it_is_made_and_goes_up_one_version_at_a_time(arm):
    assert arm("PUT", CLUSTER, AKS)[1]["properties"]["provisioningState"] == "Creating"
    assert code(arm("PUT", CLUSTER, AKS)) == (409, "OperationNotAllowed")
    cluster = made(arm, CLUSTER, AKS)
    for version, status in (("1.38", 400), ("1.35", 400), ("1.37", 200)):
        cluster["properties"]["kubernetesVersion"] = version
        assert arm("PUT", CLUSTER, cluster)[0] == status


def test_a_new_cluster_has_a_new_issuer_and_takes_its_node_group_along(arm):
    first = made(arm, CLUSTER, AKS)["properties"]
    nodes = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{first['nodeResourceGroup']}"
    assert arm("GET", nodes)[0] == 200
    arm("DELETE", CLUSTER)
    while arm("GET", CLUSTER)[0] == 200:
        pass
    assert arm("GET", nodes)[0] == 404
    again = made(arm, CLUSTER, AKS)["properties"]
    assert again["oidcIssuerProfile"]["issuerURL"] != first["oidcIssuerProfile"]["issuerURL"]


def test_a_cluster_cannot_change_its_nodes_size(arm):
    cluster = made(arm, CLUSTER, AKS)
    cluster["properties"]["agentPoolProfiles"][0]["vmSize"] = "Standard_D8as_v5"
    assert code(arm("PUT", CLUSTER, cluster)) == (409, "PropertyChangeNotAllowed")


# What the models of the pinned client do not know.
UNKNOWN = (
    (STORAGE, ACCOUNT, "2019-01-01", "NoRegisteredProviderFound"),
    (STORAGE, ACCOUNT | {"colour": "red"}, None, "InvalidRequestContent"),
    (STORAGE, ACCOUNT | {"kind": "StorageV9"}, None, "InvalidRequestContent"),
    (STORAGE, ACCOUNT | {"properties": {"minimumTlsVersion": 12}}, None, "InvalidRequestContent"),
    (STORAGE[:-7] + "Account", ACCOUNT, VERSIONS[STORAGE], "InvalidResourceName"),
    (VAULT[:-7] + "1vault", PLACE | {"properties": SAFE}, VERSIONS[VAULT], "InvalidResourceName"),
    (CLUSTER, AKS | {"propertys": {}}, None, "InvalidRequestContent"),
    (CLUSTER, AKS | {"properties": {"aadProfile": {"admin": 1}}}, None, "InvalidRequestContent"),
    (GROUP + "/providers/Microsoft.Web/sites/x", PLACE, "2024-01-01", "InvalidResourceType"),
)


@pytest.mark.parametrize(("identifier", "body", "version", "refusal"), UNKNOWN)
def test_what_the_models_lack_is_refused(arm, identifier, body, version, refusal):
    assert code(arm("PUT", identifier, body, version))[1] == refusal


def test_nothing_is_made_with_an_unregistered_provider_or_in_a_missing_group(azure):
    namespaces = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Storage/register"
    azure.call("PUT", GROUP, PLACE, VERSIONS[GROUP])
    refused = azure.call("PUT", STORAGE, ACCOUNT, VERSIONS[STORAGE])
    assert code(refused) == (409, "MissingSubscriptionRegistration")
    azure.call("POST", namespaces)
    elsewhere = STORAGE.replace("/rg/", "/other/")
    refused = azure.call("PUT", elsewhere, ACCOUNT, VERSIONS[STORAGE])
    assert code(refused) == (404, "ResourceGroupNotFound")


# az on a second run, as facts the scripts are built on: each command and how it ends then.
TWICE = (
    ("group create -n rg -l centralindia", 0),
    ("storage account create -g rg -n account1 -l centralindia --sku Standard_LRS", 0),
    (
        "storage account blob-service-properties update -g rg -n account1"
        " --enable-delete-retention true --delete-retention-days 7",
        0,
    ),
    ("storage container-rm create -g rg --storage-account account1 -n files", 0),
    ("identity create -g rg -n identity1 -l centralindia", 0),
    (
        "identity federated-credential create -g rg --identity-name identity1 -n credential1"
        " --issuer https://i.test/ --subject s --audiences a",
        0,
    ),
    (
        f"role assignment create --assignee-object-id {CALLER} --assignee-principal-type User"
        f" --role acdd72a7-3385-48ef-bd42-f606fba81ae7 --scope {GROUP}"
        " --name 0aa3981a-5555-4555-8555-555555555555",
        0,
    ),
    ("keyvault create -g rg -n vault-2 -l centralindia", 1),
    ("aks create -g rg -n aks1 -l centralindia --no-ssh-key --node-vm-size Standard_D4as_v5", 1),
    (
        "aks maintenanceconfiguration add -g rg --cluster-name aks1"
        " -n aksManagedAutoUpgradeSchedule --schedule-type Weekly --day-of-week Sunday"
        " --interval-weeks 1 --start-time 02:00 --duration 4",
        1,
    ),
    (
        f"rest --method put --url {STORAGE}1/blobServices/default/containers/more"
        '?api-version=2025-08-01 --body {"properties":{"publicAccess":"None"}}',
        0,
    ),
    ("group delete -n rg --yes", 3),
)


def test_az_itself_on_a_second_run(azure, arm):
    for command, status in TWICE:
        first, second = (
            subprocess.run(["az", *command.split()], env=azure.variables, capture_output=True)
            for _ in range(2)
        )
        assert (command, first.returncode) == (command, 0), first.stderr
        assert (command, second.returncode) == (command, status), second.stderr
