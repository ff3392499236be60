"""Role assignments, on any scope."""

import re

from ..cloud import CALLER, SUBSCRIPTION, Body, Cloud
from ..kinds import Kind
from ..messages import Refused, Request, Response
from ..routes import Routes

_TYPE = "Microsoft.Authorization/roleAssignments"
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
routes = Routes()


def _assignment(cloud: Cloud, after: Body, before: Body | None) -> None:
    properties = after["properties"]
    properties["scope"] = after["id"].rpartition("/providers/")[0]
    principal = properties["principalId"]
    if principal not in cloud.principals:
        message = f"Principal {principal} does not exist in the directory."
        raise Refused(400, "PrincipalNotFound", message)
    if before and _key(before) != _key(after):
        message = (
            "Tenant ID, application ID, principal ID, and scope are not allowed to be updated."
        )
        raise Refused(409, "RoleAssignmentUpdateNotPermitted", message)
    same = (body for body in cloud.of_type(_TYPE) if _key(body) == _key(after))
    if not before and any(same):
        raise Refused(409, "RoleAssignmentExists", "The role assignment already exists.")
    properties["principalType"] = cloud.principals[principal]


def _key(body: Body) -> tuple[str, ...]:
    properties = body["properties"]
    role = properties["roleDefinitionId"].rpartition("/")[2]
    return properties["scope"].lower(), role, properties["principalId"]


KINDS = (
    Kind(
        type=_TYPE,
        sdk="authorization",
        versions=("2022-04-01",),
        model="RoleAssignment",
        create="RoleAssignmentCreateParameters",
        name=r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        prepare=_assignment,
    ),
)


@routes.add("GET", rf"(?P<scope>.*)/providers/{_TYPE}")
def _list(cloud: Cloud, request: Request, scope: str) -> Response:
    """`atScope()`: there and above. `assignedTo()`: above, there and below, of one principal."""
    chosen = request.query.get("$filter", "")
    found = [*cloud.of_type(_TYPE), *_given(cloud)]
    if "atScope()" in chosen:
        found = [body for body in found if _holds(body, scope)]
    else:
        found = [body for body in found if _holds(body, scope) or _is_below(body, scope)]
    if match := re.search(r"(?:assignedTo\(|principalId eq )'([^']+)'", chosen):
        found = [body for body in found if body["properties"]["principalId"] == match[1]]
    return Response(200, {"value": found})


def _holds(body: Body, scope: str) -> bool:
    own = body["properties"]["scope"].lower()
    return scope.lower() == own or scope.lower().startswith(own + "/")


def _is_below(body: Body, scope: str) -> bool:
    return bool(body["properties"]["scope"].lower().startswith(scope.lower() + "/"))


def _given(cloud: Cloud) -> list[Body]:
    """What the caller was given before: Owner of the subscription, unless a test took it."""
    scope = f"/subscriptions/{SUBSCRIPTION}"
    definition = f"{scope}/providers/Microsoft.Authorization/roleDefinitions/"
    return [
        {
            "id": f"{scope}/providers/{_TYPE}/{cloud.guid_of(role)}",
            "name": cloud.guid_of(role),
            "type": _TYPE,
            "properties": {
                "scope": scope,
                "roleDefinitionId": definition + role,
                "principalId": CALLER,
                "principalType": "User",
            },
        }
        for role in cloud.caller_roles
    ]


@routes.add("GET", r".*/providers/Microsoft\.Authorization/roleDefinitions(/(?P<name>[^/]+))?")
def _definitions(cloud: Cloud, request: Request, name: str | None) -> Response:
    """Every role exists: the client asks for one by its id and takes the id back."""
    path = request.path.rstrip("/")
    if name:
        return Response(200, {"id": path, "name": name, "properties": {"roleName": name}})
    return Response(200, {"value": []})
