"""AKS clusters: versions, pools, issuers, maintenance windows, commands run inside."""

import base64
import hashlib
import io
import zipfile

from ..cloud import SUBSCRIPTION, TENANT, Body, Cloud
from ..kinds import Kind
from ..messages import Refused, Request, Response, not_found
from ..operations import under_way
from ..routes import Routes

_TYPE = "Microsoft.ContainerService/managedClusters"
_VERSIONS = ("2026-06-01",)
SUPPORTED = {"1.35": ("1.35.6", "1.35.5"), "1.36": ("1.36.3", "1.36.2"), "1.37": ("1.37.1",)}
routes = Routes()


def _cluster(cloud: Cloud, after: Body, before: Body | None) -> None:
    properties = after["properties"]
    old = before["properties"] if before else {}
    _version(properties, old)
    _issuer(cloud, after, old)
    _identity(cloud, after, before)
    _pools(properties)
    after.setdefault("sku", {"name": "Base", "tier": "Free"})
    properties["maxAgentPools"] = 100
    properties.setdefault("nodeResourceGroup", _node_group(after))
    _make_group(cloud, after)


def _version(properties: Body, old: Body) -> None:
    wanted = properties["kubernetesVersion"] = (
        properties.get("kubernetesVersion") or old.get("kubernetesVersion") or "1.36"
    )
    minor = ".".join(wanted.split(".")[:2])
    if minor not in SUPPORTED or wanted not in (minor, *SUPPORTED[minor]):
        raise Refused(400, "K8sVersionNotSupported", f"Kubernetes {wanted} is not supported here.")
    steps = _minor(wanted) - _minor(old.get("kubernetesVersion", wanted))
    if steps not in (0, 1):
        message = f"Cannot go from {old['kubernetesVersion']} to {wanted}: up, one minor at a time."
        raise Refused(400, "OperationNotAllowed", message)
    properties["currentKubernetesVersion"] = SUPPORTED[minor][0] if wanted == minor else wanted


def _minor(version: str) -> int:
    return int(version.split(".")[1])


def _issuer(cloud: Cloud, after: Body, old: Body) -> None:
    profile = after["properties"].setdefault("oidcIssuerProfile", {"enabled": False})
    had = old.get("oidcIssuerProfile", {})
    if had.get("enabled") and not profile.get("enabled"):
        raise Refused(400, "OIDCIssuerFeatureCannotBeDisabled", "The OIDC issuer stays on.")
    if profile.get("enabled"):
        host = f"{after['location']}.oic.prod-aks.azure.test"
        new = (
            f"https://{host}/{TENANT}/{cloud.guid(after['id'] + ' issuer')}/"
            if not had.get("issuerURL")
            else ""
        )
        profile["issuerURL"] = had.get("issuerURL") or new


def _identity(cloud: Cloud, after: Body, before: Body | None) -> None:
    identity = after.setdefault("identity", {"type": "SystemAssigned"})
    old = (before or {}).get("identity", {})
    identity["principalId"] = old.get("principalId") or cloud.guid(f"{after['id']} principal")
    identity["tenantId"] = TENANT
    identity.pop("userAssignedIdentities", None)
    cloud.principals[identity["principalId"]] = "ServicePrincipal"
    kubelet = f"{after['id']} kubelet"
    after["properties"]["identityProfile"] = {
        "kubeletidentity": {
            "resourceId": f"{after['id']}-agentpool",
            "clientId": cloud.guid_of(f"{kubelet} client"),
            "objectId": cloud.guid_of(f"{kubelet} object"),
        }
    }


def _pools(properties: Body) -> None:
    for pool in properties["agentPoolProfiles"]:
        pool["provisioningState"] = "Succeeded"
        pool["orchestratorVersion"] = properties["kubernetesVersion"]
        pool["currentOrchestratorVersion"] = properties["currentKubernetesVersion"]
        if not pool.get("enableAutoScaling"):
            pool["enableAutoScaling"] = False


def _node_group(body: Body) -> str:
    group = body["id"].split("/")[4]
    return f"MC_{group}_{body['name']}_{body['location']}"[:80]


def _make_group(cloud: Cloud, after: Body) -> None:
    name = after["properties"]["nodeResourceGroup"]
    identifier = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{name}"
    cloud.resources.setdefault(
        identifier.lower(),
        {
            "id": identifier,
            "name": name,
            "type": "Microsoft.Resources/resourceGroups",
            "location": after["location"],
            "managedBy": after["id"],
            "properties": {"provisioningState": "Succeeded"},
        },
    )


def _removed(cloud: Cloud, body: Body) -> None:
    cloud.remove(
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{body['properties']['nodeResourceGroup']}"
    )


KINDS = (
    Kind(
        type=_TYPE,
        sdk="containerservice",
        versions=_VERSIONS,
        model="ManagedCluster",
        change="TagsObject",
        name=r"[A-Za-z0-9]([-\w]{0,61}[A-Za-z0-9])?",
        fixed=(
            "location",
            "properties.dnsPrefix",
            "properties.nodeResourceGroup",
            "properties.enableRBAC",
            "properties.agentPoolProfiles.0.vmSize",
            "properties.agentPoolProfiles.0.maxPods",
            "properties.networkProfile.networkPlugin",
            "properties.networkProfile.podCidr",
        ),
        slow=True,
        prepare=_cluster,
        removed=_removed,
    ),
    Kind(
        type=f"{_TYPE}/maintenanceConfigurations",
        sdk="containerservice",
        versions=_VERSIONS,
        model="MaintenanceConfiguration",
        name="default|aksManagedAutoUpgradeSchedule|aksManagedNodeOSUpgradeSchedule",
    ),
)


@routes.add(
    "GET",
    r"/subscriptions/[^/]+/providers/Microsoft\.ContainerService/locations/[^/]+/kubernetesVersions",
)
def _supported(cloud: Cloud, request: Request) -> Response:
    values = [
        {"version": minor, "patchVersions": {patch: {"upgrades": []} for patch in patches}}
        for minor, patches in SUPPORTED.items()
    ]
    return Response(200, {"values": values})


@routes.add("POST", rf"(?P<cluster>.*/{_TYPE}/[^/]+)/runCommand")
def _run(cloud: Cloud, request: Request, cluster: str) -> Response:
    """Keep the digest of each file that came along, as a tag would: the cluster's memory."""
    if not (body := cloud.get(cluster)):
        raise not_found(cluster)
    archive = zipfile.ZipFile(io.BytesIO(base64.b64decode(request.body.get("context", ""))))
    files = {name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}
    cloud.commands.append(
        {"cluster": body["id"], "command": request.body["command"], "files": files}
    )
    result = {
        "id": "1",
        "properties": {"provisioningState": "Succeeded", "exitCode": 0, "logs": ""},
    }
    return Response(202, None, under_way(cloud.begin(body["id"], result), located=True))
