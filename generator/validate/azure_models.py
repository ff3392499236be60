"""A request's body and an SDK model -> what the body holds that the model does not know.

This runs in the Azure client's own Python, by path: it imports nothing of this project. The
models are those of the client's SDKs, of both generations: the older ones describe themselves in
`_attribute_map`, the newer ones in annotations.
"""

import enum
import functools
import importlib
import json
import re
import types
import typing
import urllib.parse
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple


class _Type(NamedTuple):
    """A resource type: its SDK below azure.mgmt, and the models of what is put and patched."""

    sdk: str
    put: str
    patch: str


# What infra/lib/ writes with `az rest`. Whatever else it writes so is refused until it is here.
_TYPES = {
    "microsoft.kubernetesconfiguration/extensions": _Type(
        "kubernetesconfiguration.extensions", "Extension", "PatchExtension"
    ),
    "microsoft.kubernetesconfiguration/fluxconfigurations": _Type(
        "kubernetesconfiguration.fluxconfigurations", "FluxConfiguration", "FluxConfigurationPatch"
    ),
    "microsoft.managedidentity/userassignedidentities": _Type(
        "msi.v2024_11_30", "Identity", "IdentityUpdate"
    ),
    "microsoft.storage/storageaccounts/blobservices/containers": _Type(
        "storage", "BlobContainer", "BlobContainer"
    ),
}


def request_problems(method: str, url: str, text: str) -> Iterator[str]:
    """Yield what is wrong with a request of `az rest` that writes a resource."""
    address = urllib.parse.urlsplit(url)
    *_, rest = address.path.rpartition("/providers/")
    namespace, *parts = rest.split("/")
    kind = "/".join([namespace, *parts[::2]])
    found = _TYPES.get(kind.lower())
    model = getattr(found, method.lower(), None)
    if found is None or model is None:
        yield f"{method} {kind}: no model is known for this; add it to azure_models.py"
        return
    version = dict(urllib.parse.parse_qsl(address.query)).get("api-version")
    if version != (known := _version(found.sdk)):
        yield f"{kind}: api-version {version} is not the models', {known}"
    try:
        body = json.loads(text)
    except ValueError as error:
        yield f"{kind}: the body is no JSON: {error}"
        return
    module = importlib.import_module(f"azure.mgmt.{found.sdk}.models")
    for problem in problems(getattr(module, model), body):
        yield f"{kind}: {problem}"


def _version(sdk: str) -> str:
    """Return the API version that an SDK's models are of: what its client asks for."""
    module = importlib.import_module(f"azure.mgmt.{sdk}._configuration")
    [configuration] = [
        value
        for name, value in vars(module).items()
        if name.endswith("ClientConfiguration") and value.__module__ == module.__name__
    ]
    version: str = configuration(credential=object(), subscription_id="none").api_version
    return version


def problems(model: type, body: object, path: str = "") -> Iterator[str]:
    """Yield a line for each property that `model` lacks and each value its enums lack."""
    if not isinstance(body, Mapping):
        yield f"{path or '.'}: must be an object, not {body!r}"
        return
    fields = _fields(model)
    for key, value in body.items():
        here = f"{path}.{key}" if path else str(key)
        if key not in fields:
            known = ", ".join(sorted(fields))
            yield f"{here}: {model.__name__} has no such property; it has {known}"
        elif value is not None:
            yield from _value(fields[key], value, here)


def _value(kind: Any, value: Any, path: str) -> Iterator[str]:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        choices = [choice for choice in arguments if choice is not types.NoneType]
        yield from _best([list(_value(choice, value, path)) for choice in choices])
    elif origin in (list, tuple) or str(origin).endswith("Sequence'>"):
        for index, item in enumerate(value if isinstance(value, list) else ()):
            yield from _value(arguments[0], item, f"{path}[{index}]")
        if not isinstance(value, list):
            yield f"{path}: must be a list, not {value!r}"
    elif isinstance(origin, type) and issubclass(origin, Mapping):
        for key, item in value.items() if isinstance(value, Mapping) else ():
            yield from _value(arguments[1], item, f"{path}.{key}")
    elif isinstance(kind, type):
        yield from _plain(kind, value, path)


def _plain(kind: type, value: Any, path: str) -> Iterator[str]:
    if issubclass(kind, enum.Enum):
        known = [member.value for member in kind]
        if str(value).lower() not in [str(word).lower() for word in known]:  # ARM ignores case
            yield f"{path}: {value!r} is none of {', '.join(map(str, known))}"
    elif kind is str:
        if not isinstance(value, str):
            yield f"{path}: must be text, not {value!r}"
    elif kind in (int, float):
        if isinstance(value, bool) or not isinstance(value, int | float):
            yield f"{path}: must be a number, not {value!r}"
    elif kind is bool:
        if not isinstance(value, bool):
            yield f"{path}: must be true or false, not {value!r}"
    elif _fields(kind):  # type: ignore[arg-type]
        yield from problems(kind, value, path)


def _best(choices: list[list[str]]) -> list[str]:
    """Of a union's members an enum says most; plain text stands beside it only for later values."""
    enums = [found for found in choices if any("is none of" in line for line in found)]
    return enums[0] if enums else min(choices, key=len)


@functools.cache
def _fields(model: type) -> dict[str, Any]:
    """Return each property's name in JSON and its type."""
    if hasattr(model, "_nested"):
        return dict(model._nested)
    if hasattr(model, "_attribute_map"):
        return _older(model)
    if not hasattr(model, "_deserialize"):
        return {}
    model.__new__(model)  # type: ignore[call-overload] # only that makes the model complete its fields
    found: dict[str, Any] = {}
    for base in reversed(model.__mro__):
        for name, annotation in vars(base).get("__annotations__", {}).items():
            if field := model._attr_to_rest_field.get(name):  # type: ignore[attr-defined]
                found[field._rest_name] = _annotation(base, annotation)
    return found


def _annotation(model: type, annotation: object) -> Any:
    module = importlib.import_module(model.__module__)
    package = importlib.import_module(model.__module__.rpartition(".")[0])
    names = {**vars(typing), **vars(module), "_models": package, "_enums": package}
    holder = types.SimpleNamespace(__annotations__={"it": annotation})
    return typing.get_type_hints(holder, globalns=names)["it"]


def _older(model: type) -> dict[str, Any]:
    """`_attribute_map` writes a nested property as `properties.name`: nest it again."""
    flat = {
        entry["key"].replace(r"\.", "\0"): _older_type(model, name, entry["type"])
        for name, entry in model._attribute_map.items()  # type: ignore[attr-defined]
    }
    return _nested(flat)


def _nested(flat: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for head in dict.fromkeys(key.split(".")[0] for key in flat):
        inner = {
            key.split(".", 1)[1]: kind for key, kind in flat.items() if key.startswith(head + ".")
        }
        name = head.replace("\0", ".")
        found[name] = type(name, (), {"_nested": _nested(inner)}) if inner else flat[head]
    return found


def _older_type(model: type, name: str, written: str) -> Any:
    module = importlib.import_module(model.__module__.rpartition(".")[0])
    documented = re.search(rf":vartype {name}: (?:str or )?~?([\w.]+)", model.__doc__ or "")
    if documented and isinstance(
        found := getattr(module, documented[1].rpartition(".")[2], None), type
    ):
        return found
    if match := re.fullmatch(r"\[(.+)\]", written):
        return list[_older_type(model, "", match[1])]  # type: ignore[misc]
    if match := re.fullmatch(r"\{(.+)\}", written):
        return dict[str, _older_type(model, "", match[1])]  # type: ignore[misc]
    return getattr(module, written, {"str": str, "int": int, "bool": bool}.get(written, object))
