"""infra/<env>/'s script -> the Azure resources that it declares, and how two scripts differ.

The lines are those that generator/render/infra.py writes; what they mean in Azure is infra/lib/'s.
"""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from generator.review import differences
from generator.review.model import Applied, Change, Key, Side

NAMESPACE = "Azure"
"""Where people see that an object is none of the cluster's."""


@dataclass(frozen=True)
class Shape:
    """What a function of infra/lib/ declares: a plan's word for it, and its arguments."""

    kind: str
    name: str
    """How a plan calls it, of its arguments and the script's variables in braces."""
    arguments: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    """The variables of the script that it is made of, too."""
    inside: str = ""
    """The kind of resource that its first argument names: it goes when that goes."""
    rest: str = "more"
    """What the arguments behind those named are."""


class Unreadable(Exception):
    """The script is not as `gen` writes it."""


_PLACED = ("location", "tags")
SHAPES: Mapping[str, Shape] = {
    "provider": Shape("resource provider", "{namespace}", ("namespace",)),
    "resource_group": Shape("resource group", "{resource_group}", variables=_PLACED),
    "storage_account": Shape("storage account", "{account}", ("account", "access"), _PLACED),
    "blob_service": Shape("blob service", "{account}", ("account",), inside="storage account"),
    "blob_container": Shape(
        "blob container",
        "{account}/{container}",
        ("account", "container"),
        inside="storage account",
    ),
    "managed_identity": Shape("managed identity", "{identity}", ("symbol", "identity"), _PLACED),
    "federated_credential": Shape(
        "federated credential",
        "{identity}/{credential}",
        ("identity", "credential", "issuer", "subject"),
        inside="managed identity",
    ),
    "github_credential": Shape(
        "federated credential",
        "{identity}/github",
        ("identity", "repository", "place"),
        inside="managed identity",
    ),
    "identity_role": Shape(
        "role assignment", "{role} for {who}", ("who", "principal_id", "role", "scope")
    ),
    "person_role": Shape(
        "role assignment", "{role} for {who}", ("who", "principal_id", "role", "scope")
    ),
    "key_vault": Shape("key vault", "{vault}", ("vault",), _PLACED),
    "random_secret": Shape(
        "vault secret", "{vault}/{secret}", ("vault", "secret", "length"), inside="key vault"
    ),
    "given_secret": Shape(
        "vault secret", "{vault}/{secret}", ("vault", "secret", "variable"), inside="key vault"
    ),
    "storage_connection_secret": Shape(
        "vault secret", "{vault}/{secret}", ("vault", "secret", "account"), inside="key vault"
    ),
    "aks_cluster": Shape(
        "AKS cluster",
        "{cluster}",
        ("cluster", "secrets_provider"),
        (*_PLACED, "kubernetes_version", "tier", "node_size", "node_count", "node_max_count"),
    ),
    "maintenance_window": Shape(
        "maintenance window", "{cluster}/{schedule}", ("cluster", "schedule"), inside="AKS cluster"
    ),
    "flux_extension": Shape(
        "Flux extension",
        "{cluster}/flux",
        ("cluster",),
        inside="AKS cluster",
        rest="more controllers",
    ),
    "age_key": Shape("age key", "{cluster}/sops-age", ("cluster",), inside="AKS cluster"),
    "notification_secret": Shape(
        "notification secret",
        "{cluster}/{secret}",
        ("cluster", "secret", "key", "variable"),
        inside="AKS cluster",
    ),
    "flux_configuration": Shape(
        "Flux configuration",
        "{cluster}/flux-system",
        ("cluster", "url", "branch", "auth", "path"),
        inside="AKS cluster",
    ),
}


KINDS: Mapping[str, Shape] = {shape.kind: shape for shape in SHAPES.values()}

_VARIABLE = re.compile(r"(\w+)=(.*)")
_ARRAY = re.compile(r"^tags=\(\n(.*?)^\)", re.DOTALL | re.MULTILINE)
_RESOURCES = re.compile(r"^resources\(\) \{\n(.*?)^\}", re.DOTALL | re.MULTILINE)


def resources(script: str) -> tuple[Applied, ...]:
    """Return what a script declares, as objects whose fields are arguments and variables.

    Raises Unreadable.
    """
    variables: dict[str, Any] = {"tags": {}}
    for line in script.partition("\nresources() {")[0].splitlines():
        if match := _VARIABLE.fullmatch(line):
            variables[match[1]] = " ".join(_words(match[2]))
    if array := _ARRAY.search(script):
        variables["tags"] = dict(map(_tag, _words(array[1])))
    body = _RESOURCES.search(script)
    lines = (_words(line, comments=True) for line in (body[1] if body else "").splitlines())
    return tuple(_resource(words, variables) for words in lines if words)


def _words(line: str, *, comments: bool = False) -> list[str]:
    try:
        return shlex.split(line, comments=comments)
    except ValueError:  # a quote that is never closed
        raise Unreadable from None


def _tag(word: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not equals:
        raise Unreadable
    return name, value


def _resource(words: list[str], variables: Mapping[str, Any]) -> Applied:
    """What a function that is not known here declares goes by its line."""
    verb, *arguments = words
    shape = SHAPES.get(verb) or Shape(verb.replace("_", " "), " ".join(arguments))
    fields: dict[str, Any] = dict(zip(shape.arguments, arguments, strict=False))
    if more := arguments[len(shape.arguments) :]:
        fields[shape.rest] = more
    fields |= {name: variables.get(name) for name in shape.variables}
    try:
        name = shape.name.format_map({**variables, **fields}) if verb in SHAPES else shape.name
    except KeyError:
        raise Unreadable from None
    metadata = {"name": name, "namespace": NAMESPACE}
    return Applied(
        {"apiVersion": "azure/v1", "kind": shape.kind, "metadata": metadata} | fields, ""
    )


def changes(before: Side, after: Side) -> tuple[Change, ...]:
    """Return the resources that differ. A side without a script is compared with nothing."""
    is_new = before.environment is None and not before.objects
    if after.declared is None or (before.declared is None and not is_new):
        return ()
    old, new = ({item.key: item for item in side.declared or ()} for side in (before, after))
    return tuple(_changes(old, new))


def _changes(old: Mapping[Key, Applied], new: Mapping[Key, Applied]) -> Iterator[Change]:
    for key in dict.fromkeys((*old, *new)):
        if key not in new:
            yield Change(_staying(old[key]), None)
        elif key not in old:
            yield Change(None, new[key])
        elif fields := tuple(differences.fields(old[key].values, new[key].values)):
            yield Change(old[key], new[key], fields)


def _staying(resource: Applied) -> Applied:
    """Nobody shall think that apply deletes it."""
    metadata = {"name": resource.name, "namespace": f"stays in {NAMESPACE}"}
    return Applied({**resource.values, "metadata": metadata}, resource.owner)


_SCOPES = {
    "$vault_scope": "key vault",
    "$storage_scope": "storage account",
    "$cluster_scope": "AKS cluster",
}


def goes_with(resource: Applied, other: Applied) -> bool:
    """Say whether a resource is inside the other, or a role upon it or of it."""
    shape = KINDS.get(resource.kind)
    if shape and shape.inside == other.kind:
        return bool(resource.values.get(shape.arguments[0]) == other.name)
    is_upon = _SCOPES.get(str(resource.at("scope"))) == other.kind
    return is_upon or resource.at("principal_id") == f"${other.at('symbol')}_principal_id"
