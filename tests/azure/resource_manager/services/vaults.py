"""Key vaults: the vaults themselves, deleted ones, and the data plane that holds secrets."""

import copy
import uuid

from .. import certificate
from ..cloud import SUBSCRIPTION, TENANT, Body, Cloud
from ..kinds import Kind
from ..messages import Refused, Request, Response, not_found
from ..routes import Routes

_TYPE = "Microsoft.KeyVault/vaults"
_OFFICER = "b86a8fe4-44ce-4948-aee5-eccb2c155cd7"
routes = Routes()
data_plane = Routes()


def _vault(cloud: Cloud, after: Body, before: Body | None) -> None:
    properties, name = after["properties"], after["name"].lower()
    mode = properties.pop("createMode", "default")
    if before is None and name in cloud.deleted_vaults:
        if mode != "recover":
            message = f"A vault with the same name already exists in deleted state: {name}."
            raise Refused(409, "ConflictError", message)
        properties.update(cloud.deleted_vaults.pop(name)["properties"])
    properties["enableSoftDelete"] = True
    properties.setdefault("softDeleteRetentionInDays", 90)
    properties["vaultUri"] = f"https://{name}.vault.{certificate.DOMAIN}/"
    properties["tenantId"] = TENANT
    cloud.secrets.setdefault(name, {})


def _deleted(cloud: Cloud, body: Body) -> None:
    cloud.deleted_vaults[body["name"].lower()] = body


KINDS = (
    Kind(
        type=_TYPE,
        sdk="keyvault",
        versions=("2026-02-01",),
        model="Vault",
        create="VaultCreateOrUpdateParameters",
        change="VaultPatchParameters",
        name=r"[A-Za-z](?!.*--)[A-Za-z0-9-]{1,22}[A-Za-z0-9]",
        fixed=("location", "properties.softDeleteRetentionInDays"),
        global_name=True,
        prepare=_vault,
        removed=_deleted,
    ),
)


def _tombstone(body: Body) -> Body:
    location, name = body["location"], body["name"]
    path = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.KeyVault/locations"
    return {
        "id": f"{path}/{location}/deletedVaults/{name}",
        "name": name,
        "type": "Microsoft.KeyVault/deletedVaults",
        "properties": {"vaultId": body["id"], "location": location, "tags": body.get("tags", {})},
    }


@routes.add("GET", r"/subscriptions/[^/]+/providers/Microsoft\.KeyVault/deletedVaults")
def _deleted_list(cloud: Cloud, request: Request) -> Response:
    return Response(200, {"value": [_tombstone(body) for body in cloud.deleted_vaults.values()]})


@routes.add(
    "GET",
    r"/subscriptions/[^/]+/providers/Microsoft\.KeyVault/locations/[^/]+/deletedVaults/(?P<name>[^/]+)",
)
def _deleted_one(cloud: Cloud, request: Request, name: str) -> Response:
    if not (body := cloud.deleted_vaults.get(name.lower())):
        raise not_found(name)
    return Response(200, _tombstone(body))


@routes.add(
    "POST",
    r"/subscriptions/[^/]+/providers/Microsoft\.KeyVault/locations/[^/]+/deletedVaults/(?P<name>[^/]+)/purge",
)
def _purge(cloud: Cloud, request: Request, name: str) -> Response:
    if not cloud.deleted_vaults.pop(name.lower(), None):
        raise not_found(name)
    cloud.secrets.pop(name.lower(), None)
    return Response(200)


@routes.add("GET", rf"(?P<vault>.*/{_TYPE}/(?P<name>[^/]+))/secrets")
def _secrets(cloud: Cloud, request: Request, vault: str, name: str) -> Response:
    """The Resource Manager's view of secrets: names, never values."""
    if not cloud.get(vault):
        raise not_found(vault)
    return Response(
        200,
        {
            "value": [
                {
                    "id": f"{vault}/secrets/{secret}",
                    "name": secret,
                    "type": f"{_TYPE}/secrets",
                    "tags": versions[-1]["tags"],
                    "properties": {"attributes": versions[-1]["attributes"]},
                }
                for secret, versions in sorted(cloud.secrets[name.lower()].items())
            ]
        },
    )


@routes.add("POST", r"/subscriptions/[^/]+/providers/Microsoft\.KeyVault/checkNameAvailability")
def _available(cloud: Cloud, request: Request) -> Response:
    name = request.body["name"].lower()
    vaults = {body["name"].lower() for body in cloud.of_type(_TYPE)}
    if name in cloud.forbidden | vaults | set(cloud.deleted_vaults):
        message = f"The vault name '{name}' is already in use."
        return Response(
            200, {"nameAvailable": False, "reason": "AlreadyExists", "message": message}
        )
    return Response(200, {"nameAvailable": True})


@data_plane.add("PUT", r"/secrets/(?P<name>[0-9a-zA-Z-]{1,127})")
def _set(cloud: Cloud, request: Request, name: str) -> Response:
    vault = _opened(cloud, request)
    versions = cloud.secrets[vault].setdefault(name, [])
    secret = {
        "value": request.body["value"],
        "tags": request.body.get("tags") or {},
        "attributes": {"enabled": True},
    }
    versions.append(secret)
    return Response(200, _shown(vault, name, secret))


@data_plane.add("GET", r"/secrets/(?P<name>[0-9a-zA-Z-]{1,127})(/[0-9a-f]*)?")
def _get(cloud: Cloud, request: Request, name: str) -> Response:
    vault = _opened(cloud, request)
    if not (versions := cloud.secrets[vault].get(name)):
        raise Refused(404, "SecretNotFound", f"A secret with (name/id) {name} was not found.")
    return Response(200, _shown(vault, name, versions[-1]))


def _shown(vault: str, name: str, secret: Body) -> Body:
    version = uuid.uuid5(uuid.NAMESPACE_URL, name).hex
    identifier = f"https://{vault}.vault.{certificate.DOMAIN}/secrets/{name}/{version}"
    return {"id": identifier, **copy.deepcopy(secret)}


def _opened(cloud: Cloud, request: Request) -> str:
    """Return the vault's name, if the caller has the role that opens it."""
    vault = request.host.split(".")[0]
    if "authorization" not in request.headers:
        raise Refused(
            401,
            "Unauthorized",
            "AKV10000: Request is missing a Bearer or PoP token.",
            **{
                "WWW-Authenticate": f'Bearer authorization="https://login.{certificate.DOMAIN}/{TENANT}"'
                f', resource="https://vault.{certificate.DOMAIN}"'
            },
        )
    scope = next((body["id"] for body in cloud.of_type(_TYPE) if body["name"].lower() == vault), "")
    roles = [
        body["properties"]["roleDefinitionId"]
        for body in cloud.of_type("Microsoft.Authorization/roleAssignments")
        if scope and body["properties"]["scope"].lower() == scope.lower()
    ]
    if not any(role.endswith(_OFFICER) for role in roles):
        raise Refused(403, "Forbidden", "Caller is not authorized. Inner error: ForbiddenByRbac")
    return vault
