"""A request -> the answer of Azure's Resource Manager: resources put, read, changed, deleted."""

import copy
import itertools
from typing import Any

from . import identifiers
from .cloud import SUBSCRIPTION, Body, Cloud, Operation, merged
from .identifiers import Identifier
from .kinds import Kind
from .messages import Refused, Request, Response, not_found
from .operations import LOCATED, SOON, under_way
from .services import (
    clusters,
    compute,
    flux,
    groups,
    identities,
    roles,
    storage,
    subscription,
    vaults,
)

_SERVICES = (clusters, compute, flux, groups, identities, roles, storage, subscription, vaults)
KINDS = {kind.type.lower(): kind for service in _SERVICES for kind in service.KINDS}
_UNDER_WAY = {"Creating", "Updating", "Deleting"}


def answer(cloud: Cloud, request: Request) -> Response:
    """Answer a request of the management host. Raises Refused."""
    if request.path == "/metadata/endpoints":
        return Response(200, [])
    if "authorization" not in request.headers:
        raise Refused(401, "AuthenticationFailed", "The 'Authorization' header is missing.")
    named = identifiers.subscription(request.path)
    if named not in ("", SUBSCRIPTION):
        raise Refused(
            404, "SubscriptionNotFound", f"The subscription '{named}' could not be found."
        )
    if request.path.startswith("/operations/"):
        return _operation(cloud, request)
    for service in _SERVICES:
        if response := service.routes.answer(cloud, request):
            return response
    return _resource(cloud, request)


def _resource(cloud: Cloud, request: Request) -> Response:
    identifier = identifiers.parse(request.path)
    kind = KINDS.get(identifier.type.lower()) if identifier else None
    if identifier is None or kind is None:
        raise Refused(
            404, "InvalidResourceType", f"{request.method} {request.path} is not known here"
        )
    kind.check_version(request.version)
    if not identifier.name:
        return Response(200, {"value": _collection(cloud, identifier)})
    return _VERBS[request.method](cloud, kind, identifier, request)


def _collection(cloud: Cloud, identifier: Identifier) -> list[Body]:
    found = cloud.of_type(identifier.type)
    return [
        body for body in found if body["id"].lower().startswith(identifier.parent.lower() + "/")
    ]


def _get(cloud: Cloud, kind: Kind, identifier: Identifier, request: Request) -> Response:
    body = cloud.get(identifier.id) or _implied(cloud, kind, identifier)
    if body is None:
        raise _missing(cloud, identifier)
    _look(cloud, identifier.id)
    body = cloud.get(identifier.id) or body
    return Response(200, body)


def _is_there(cloud: Cloud, identifier: str) -> bool:
    named = identifiers.parse(identifier)
    kind = KINDS.get(named.type.lower()) if named else None
    implied = _implied(cloud, kind, named) if named and kind else None
    return bool(cloud.get(identifier) or implied)


def _implied(cloud: Cloud, kind: Kind, identifier: Identifier) -> Body | None:
    if not kind.implied or not cloud.get(identifier.parent):
        return None
    return _named(kind, identifier, kind.implied)


def _missing(cloud: Cloud, identifier: Identifier) -> Refused:
    group = "/".join(identifier.id.split("/")[:5])
    if not cloud.get(group):
        name = group.rpartition("/")[2]
        return Refused(404, "ResourceGroupNotFound", f"Resource group '{name}' could not be found.")
    return not_found(identifier.id)


def _head(cloud: Cloud, kind: Kind, identifier: Identifier, request: Request) -> Response:
    return Response(204 if cloud.get(identifier.id) else 404)


def _put(cloud: Cloud, kind: Kind, identifier: Identifier, request: Request) -> Response:
    _check_place(cloud, kind, identifier)
    kind.check_body(request.body, "PUT")
    before = cloud.get(identifier.id) or _implied(cloud, kind, identifier)
    body = merged(before or {}, request.body) if kind.put_merges else copy.deepcopy(request.body)
    return _store(cloud, kind, identifier, body, before)


def _patch(cloud: Cloud, kind: Kind, identifier: Identifier, request: Request) -> Response:
    kind.check_body(request.body, "PATCH")
    if not (before := cloud.get(identifier.id)):
        raise _missing(cloud, identifier)
    return _store(cloud, kind, identifier, merged(before, request.body), before)


def _check_place(cloud: Cloud, kind: Kind, identifier: Identifier) -> None:
    """The name, the provider, the parent."""
    kind.check_name(identifier.name)
    if kind.namespace.lower() not in cloud.registered | subscription.ALWAYS:
        message = f"The subscription is not registered to use namespace '{kind.namespace}'."
        raise Refused(409, "MissingSubscriptionRegistration", message)
    parent = identifier.parent
    if parent.lower() != f"/subscriptions/{SUBSCRIPTION}" and not _is_there(cloud, parent):
        raise _missing(cloud, Identifier(parent, "", "", ""))
    if kind.global_name and identifier.name.lower() in cloud.forbidden:
        raise Refused(409, "AlreadyExists", f"The name {identifier.name} is already taken.")


def _store(
    cloud: Cloud, kind: Kind, identifier: Identifier, body: Body, before: Body | None
) -> Response:
    _check_idle(cloud, before)
    after = _named(kind, identifier, body)
    if before:
        kind.check_fixed(before, after)
    kind.prepare(cloud, after, before)
    kind.check_body(after, "GET")
    busy = kind.slow or (kind.located and before is None)
    if busy or kind.located or kind is groups.GROUP:
        state = "Succeeded" if not busy else "Updating" if before else "Creating"
        after["properties"]["provisioningState"] = state
    cloud.resources[identifier.id.lower()] = after
    if not busy:
        return Response(200 if before else 201, after)
    status = 202 if kind.located else 200 if before else 201
    return _begin(cloud, after, Response(status, None if kind.located else after))


def _named(kind: Kind, identifier: Identifier, body: Body) -> Body:
    result = copy.deepcopy(body)
    result.update(id=identifier.id, name=identifier.name, type=kind.type)
    result.setdefault("properties", {})
    return result


def _check_idle(cloud: Cloud, body: Body | None) -> None:
    """Whether a resource, and what it is inside of or set upon, can be changed now."""
    if body is None:
        return
    for part in itertools.accumulate(body["id"].split("/"), "{}/{}".format):
        other = cloud.get(part)
        state = other["properties"].get("provisioningState") if other else None
        if other and state in _UNDER_WAY:
            _look(cloud, other["id"])  # who waits by trying again sees time pass, too
            message = f"Another operation ({state}) is in progress on {part}; try again later."
            raise Refused(409, "OperationNotAllowed", message)


def _delete(cloud: Cloud, kind: Kind, identifier: Identifier, request: Request) -> Response:
    if not (body := cloud.get(identifier.id)):
        if kind is groups.GROUP:
            raise _missing(cloud, identifier)
        return Response(204)
    _check_idle(cloud, body)
    if kind.slow or kind is groups.GROUP:
        body["properties"]["provisioningState"] = "Deleting"
        return _begin(cloud, body, Response(202))
    _remove(cloud, kind, body)
    return Response(200)


def _remove(cloud: Cloud, kind: Kind, body: Body) -> None:
    for inner in cloud.below(body["id"]):
        KINDS[inner["type"].lower()].removed(cloud, inner)
    kind.removed(cloud, body)
    cloud.remove(body["id"])


_VERBS = {"GET": _get, "HEAD": _head, "PUT": _put, "PATCH": _patch, "DELETE": _delete}


# --- Long operations: answered at once, done after some looks at them -------------------------


def _begin(cloud: Cloud, body: Body, response: Response) -> Response:
    name = cloud.begin(body["id"])
    response.headers.update(under_way(name, located=response.status == 202))
    return response


def _operation(cloud: Cloud, request: Request) -> Response:
    name = request.path.rpartition("/")[2]
    if not (operation := cloud.operations.get(name)):
        raise not_found(name)
    _advance(cloud, operation)
    waiting = operation.polls > 0
    status = "InProgress" if waiting else operation.ends
    body: dict[str, Any] = {"name": name, "status": status}
    if status == "Failed":
        body["error"] = {"code": "Failed", "message": "The operation failed."}
    made = operation.result or cloud.get(operation.resource)
    if not waiting and request.query["api-version"] == LOCATED:
        return Response(200, made) if made else Response(204)
    return Response(202 if waiting else 200, body, SOON if waiting else {})


def _look(cloud: Cloud, identifier: str) -> None:
    """Looking at a resource is a look at what is under way with it."""
    for operation in list(cloud.operations.values()):
        if operation.resource.lower() == identifier.lower() and operation.polls > 0:
            _advance(cloud, operation)


def _advance(cloud: Cloud, operation: Operation) -> None:
    if operation.polls == 0:
        return
    operation.polls -= 1
    body = cloud.get(operation.resource)
    if operation.polls or body is None or operation.result:
        return
    if body["properties"]["provisioningState"] == "Deleting":
        _remove(cloud, KINDS[body["type"].lower()], body)
    else:
        body["properties"]["provisioningState"] = operation.ends
