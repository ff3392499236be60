"""Storage accounts and blob containers."""

from ..cloud import Body, Cloud
from ..kinds import Kind
from ..messages import Refused, Request, Response, not_found
from ..routes import Routes

_VERSIONS = ("2025-08-01",)
routes = Routes()


def _account(cloud: Cloud, after: Body, before: Body | None) -> None:
    properties = after["properties"]
    name = after["name"]
    properties.setdefault("allowSharedKeyAccess", True)
    properties.setdefault("allowBlobPublicAccess", False)
    properties.setdefault("minimumTlsVersion", "TLS1_0")
    properties.setdefault("supportsHttpsTrafficOnly", True)
    properties["primaryEndpoints"] = {"blob": f"https://{name}.blob.core.azure.test/"}
    after["sku"]["tier"] = "Standard"


KINDS = (
    Kind(
        type="Microsoft.Storage/storageAccounts",
        sdk="storage",
        versions=_VERSIONS,
        model="StorageAccount",
        create="StorageAccountCreateParameters",
        change="StorageAccountUpdateParameters",
        name="[a-z0-9]{3,24}",
        fixed=("location", "kind"),
        put_merges=True,
        located=True,
        global_name=True,
        prepare=_account,
    ),
    Kind(
        type="Microsoft.Storage/storageAccounts/blobServices",
        sdk="storage",
        versions=_VERSIONS,
        model="BlobServiceProperties",
        name="default",
        put_merges=True,
        implied={"properties": {"deleteRetentionPolicy": {"enabled": False}}},
    ),
    Kind(
        type="Microsoft.Storage/storageAccounts/blobServices/containers",
        sdk="storage",
        versions=_VERSIONS,
        model="BlobContainer",
        name="[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9]",
        put_merges=True,
        prepare=lambda cloud, after, before: after["properties"].setdefault("publicAccess", "None"),
    ),
)


@routes.add("POST", r"/subscriptions/[^/]+/providers/Microsoft\.Storage/checkNameAvailability")
def _available(cloud: Cloud, request: Request) -> Response:
    name = request.body["name"].lower()
    taken = name in cloud.forbidden or any(
        account["name"] == name for account in cloud.of_type("Microsoft.Storage/storageAccounts")
    )
    if taken:
        message = f"The storage account named {name} is already taken."
        return Response(
            200, {"nameAvailable": False, "reason": "AlreadyExists", "message": message}
        )
    return Response(200, {"nameAvailable": True})


@routes.add("POST", r"(?P<account>.*/Microsoft\.Storage/storageAccounts/[^/]+)/listKeys")
def _keys(cloud: Cloud, request: Request, account: str) -> Response:
    body = cloud.get(account)
    if body is None:
        raise not_found(account)
    if body["properties"]["allowSharedKeyAccess"] is False:
        raise Refused(409, "KeyBasedAuthenticationNotPermitted", "Shared keys are off.")
    value = "c3RvcmFnZS1rZXktb2YtdGhlLWxvY2FsLWF6dXJl"
    names = ("key1", "key2")
    return Response(
        200,
        {"keys": [{"keyName": name, "value": value, "permissions": "FULL"} for name in names]},
    )
