"""Managed identities and the subjects that may act as them."""

from ..cloud import TENANT, Body, Cloud
from ..kinds import Kind
from ..messages import Refused
from ..routes import Routes

# The first is the SDK's; the other is what the pinned client's own commands send.
_IDENTITY_VERSIONS = ("2024-11-30", "2025-05-31-preview")
_CREDENTIAL_VERSIONS = ("2024-11-30", "2025-01-31-preview")
_MOST = 20
routes = Routes()


def _identity(cloud: Cloud, after: Body, before: Body | None) -> None:
    properties = after["properties"]
    old = before["properties"] if before else {}
    for key in ("principalId", "clientId"):
        properties[key] = old.get(key) or cloud.guid(f"{after['id']} {key}")
    properties["tenantId"] = TENANT
    cloud.principals[properties["principalId"]] = "ServicePrincipal"


def _credential(cloud: Cloud, after: Body, before: Body | None) -> None:
    identity = after["id"].rpartition("/federatedIdentityCredentials/")[0]
    others = [body for body in cloud.below(identity) if body["id"].lower() != after["id"].lower()]
    for other in others:
        if all(
            other["properties"][key] == after["properties"][key] for key in ("issuer", "subject")
        ):
            message = "Issuer and subject combination already exists for this Managed Identity."
            raise Refused(409, "FederatedIdentityCredentialAlreadyExists", message)
    if len(others) >= _MOST:
        raise Refused(400, "TooMany", f"At most {_MOST} federated identity credentials.")


KINDS = (
    Kind(
        type="Microsoft.ManagedIdentity/userAssignedIdentities",
        sdk="msi.v2024_11_30",
        versions=_IDENTITY_VERSIONS,
        model="Identity",
        change="IdentityUpdate",
        name=r"[A-Za-z0-9][-\w]{2,127}",
        fixed=("location",),
        prepare=_identity,
    ),
    Kind(
        type="Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
        sdk="msi.v2024_11_30",
        versions=_CREDENTIAL_VERSIONS,
        model="FederatedIdentityCredential",
        name=r"[a-zA-Z0-9][a-zA-Z0-9_-]{2,119}",
        prepare=_credential,
    ),
)
