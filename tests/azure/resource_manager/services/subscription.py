"""The subscription itself and its resource providers."""

from ..cloud import SUBSCRIPTION, TENANT, Body, Cloud
from ..kinds import Kind
from ..messages import Request, Response
from ..routes import Routes

_NAMESPACES = (
    "Microsoft.Authorization",
    "Microsoft.Compute",
    "Microsoft.ContainerService",
    "Microsoft.KeyVault",
    "Microsoft.KubernetesConfiguration",
    "Microsoft.ManagedIdentity",
    "Microsoft.Network",
    "Microsoft.Resources",
    "Microsoft.Storage",
)
ALWAYS = {"microsoft.authorization", "microsoft.resources"}
KINDS: tuple[Kind, ...] = ()
routes = Routes()
_ITSELF = {
    "id": f"/subscriptions/{SUBSCRIPTION}",
    "subscriptionId": SUBSCRIPTION,
    "tenantId": TENANT,
    "displayName": "local",
    "state": "Enabled",
}


@routes.add("GET", "/subscriptions")
def _subscriptions(cloud: Cloud, request: Request) -> Response:
    return Response(200, {"value": [_ITSELF]})


@routes.add("GET", "/tenants")
def _tenants(cloud: Cloud, request: Request) -> Response:
    return Response(200, {"value": [{"id": f"/tenants/{TENANT}", "tenantId": TENANT}]})


@routes.add("GET", r"/subscriptions/[^/]+/providers")
def _providers(cloud: Cloud, request: Request) -> Response:
    return Response(200, {"value": [_provider(cloud, name) for name in _NAMESPACES]})


@routes.add("GET", r"/subscriptions/[^/]+/providers/(?P<name>[^/]+)")
def _one(cloud: Cloud, request: Request, name: str) -> Response:
    return Response(200, _provider(cloud, name))


@routes.add("POST", r"/subscriptions/[^/]+/providers/(?P<name>[^/]+)/register")
def _register(cloud: Cloud, request: Request, name: str) -> Response:
    cloud.registered.add(name.lower())
    return Response(200, _provider(cloud, name))


def _provider(cloud: Cloud, name: str) -> Body:
    registered = name.lower() in cloud.registered | ALWAYS
    return {
        "id": f"/subscriptions/{SUBSCRIPTION}/providers/{name}",
        "namespace": name,
        "registrationState": "Registered" if registered else "NotRegistered",
        "resourceTypes": [],
    }
