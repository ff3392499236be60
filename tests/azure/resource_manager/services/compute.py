"""What a region offers: VM sizes, quota; and the disks and addresses that a cluster makes."""

import re

from ..cloud import Body, Cloud
from ..kinds import Kind
from ..messages import Request, Response, not_found
from ..routes import Routes

_FAMILIES = {"D": "standardDASv5Family", "B": "standardBSFamily", "E": "standardEASv5Family"}
routes = Routes()


KINDS = (
    Kind(
        type="Microsoft.Compute/disks",
        sdk="compute.v2023_04_02",
        versions=("2023-04-02", "2025-01-02"),  # the SDK's, and what `az disk delete` sends
        model="Disk",
    ),
)


@routes.add("GET", r"(?P<group>.*)/providers/Microsoft\.Network/publicIPAddresses")
def _addresses(cloud: Cloud, request: Request, group: str) -> Response:
    """What AKS made for Services; a test puts them there."""
    found = cloud.of_type("Microsoft.Network/publicIPAddresses")
    inside = group.lower() + "/"
    return Response(
        200, {"value": [body for body in found if body["id"].lower().startswith(inside)]}
    )


@routes.add(
    "GET", r"(?P<balancer>.*/providers/Microsoft\.Network/loadBalancers/kubernetes-internal)"
)
def _balancer(cloud: Cloud, request: Request, balancer: str) -> Response:
    if not (body := cloud.get(balancer)):
        raise not_found(balancer)
    return Response(200, body)


@routes.add("GET", r"/subscriptions/[^/]+/providers/Microsoft\.Compute/skus")
def _skus(cloud: Cloud, request: Request) -> Response:
    location = re.search(r"location eq '([^']+)'", request.query.get("$filter", ""))
    names = [f"Standard_D{cores}as_v5" for cores in (2, 4, 8, 16)] + ["Standard_E4as_v5"]
    return Response(
        200, {"value": [_sku(cloud, name, location[1] if location else "") for name in names]}
    )


def _sku(cloud: Cloud, name: str, location: str) -> Body:
    cores = re.findall(r"\d+", name)[0]
    return {
        "resourceType": "virtualMachines",
        "name": name,
        "family": _FAMILIES[name[9]],
        "locations": [location],
        "capabilities": [{"name": "vCPUs", "value": cores}],
        "restrictions": cloud.sku_restrictions,
    }


@routes.add("GET", r"/subscriptions/[^/]+/providers/Microsoft\.Compute/locations/[^/]+/usages")
def _usages(cloud: Cloud, request: Request) -> Response:
    names = ["cores", *_FAMILIES.values()]
    used = sum(
        pool["count"] * int(re.findall(r"\d+", pool["vmSize"])[0])
        for cluster in cloud.of_type("Microsoft.ContainerService/managedClusters")
        for pool in cluster["properties"]["agentPoolProfiles"]
    )
    values = [
        {"name": {"value": name}, "currentValue": used, "limit": cloud.quota, "unit": "Count"}
        for name in names
    ]
    return Response(200, {"value": values})
