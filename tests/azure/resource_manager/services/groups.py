"""Resource groups, tags and what a group holds."""

from ..cloud import Body, Cloud, merged
from ..kinds import Kind
from ..messages import Refused, Request, Response, not_found
from ..routes import Routes

GROUP = Kind(
    type="Microsoft.Resources/resourceGroups",
    sdk="resource.resources.v2025_04_01",
    versions=("2024-11-01", "2025-04-01"),
    model="ResourceGroup",
    create="ResourceGroup",
    change="ResourceGroupPatchable",
    name=r"[-\w.()]{0,89}[-\w()]",
    fixed=("location",),
    slow=False,
)
KINDS = (GROUP,)
routes = Routes()


@routes.add("GET", r"(?P<group>/subscriptions/[^/]+/resourceGroups/[^/]+)/resources")
def _contents(cloud: Cloud, request: Request, group: str) -> Response:
    if not cloud.get(group):
        raise not_found(group)
    return Response(200, {"value": [body for body in cloud.below(group) if _is_top(body, group)]})


def _is_top(body: Body, group: str) -> bool:
    """Whether a resource is listed in its group: not a child, not an extension of another."""
    return body["id"][len(group) :].count("/") == 4


@routes.add("PATCH", r"(?P<scope>.*)/providers/Microsoft\.Resources/tags/default")
def _tag(cloud: Cloud, request: Request, scope: str) -> Response:
    body = cloud.get(scope)
    if body is None:
        raise not_found(scope)
    if request.body["operation"] != "Merge":
        raise Refused(400, "NotHere", "only Merge leaves the tags of others alone")
    body["tags"] = merged(body.get("tags", {}), request.body["properties"]["tags"])
    return Response(200, {"properties": {"tags": body["tags"]}})
