"""Kubernetes' own schemas and CustomResourceDefinitions -> JSON Schemas for kubeconform, made once.

A set is a folder of the cache, <group>/<kind>_<version>.json in it; each file is complete in
itself. kubeconform would otherwise read three megabytes of definitions again for every kind.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from generator import programs, yaml
from generator.errors import GenError, Problem

LAYOUT = "{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json"
"""Where a set keeps a kind's schema, as kubeconform writes it."""

FLUX = {"Flux 2.6": "flux-2.6", "Flux 2.9": "flux-2.9"}
"""What AKS runs and what `flux bootstrap` installs, and the tool that brings its definitions."""

EXTRA = Path("tools/crds")
"""Where anyone adds a CustomResourceDefinition, as a .yaml file."""

_NEWEST = "1.37"  # CustomResourceDefinitions take the schema of `metadata` from here

Schema = dict[str, Any]


def kubernetes(root: Path, version: str, say: programs.Say) -> Path:
    """Return the set of Kubernetes' own kinds in `version`, such as 1.36."""
    package = programs.install(root, "kubernetes-schemas", say=say)
    return _set(
        f"kubernetes-{version}", package.name, lambda: _builtin(_folder(package, version)), say
    )


def flux(root: Path, name: str, say: programs.Say) -> Path:
    """Return the set of the Flux version `name`, a key of FLUX."""
    return _defined_by(root, FLUX[name], say)


def added(root: Path, say: programs.Say) -> list[Path]:
    """Return the sets of everything else: the secrets-store driver's and those in tools/crds/."""
    sets = [_defined_by(root, "secrets-store", say)]
    if files := sorted((root / EXTRA).glob("*.yaml")):
        contents = [file.read_text() for file in files]
        key = hashlib.sha256("\0".join(contents).encode()).hexdigest()
        sets.append(_set("crds", key, lambda: _custom(root, files, say), say))
    return sets


def _defined_by(root: Path, tool: str, say: programs.Say) -> Path:
    package = programs.install(root, tool, say=say)
    files = sorted((package / "crds").glob("*.yaml"))
    return _set(tool, package.name, lambda: _custom(root, files, say), say)


def _set(name: str, key: str, make: Callable[[], Iterable[Schema]], say: programs.Say) -> Path:
    """Return the folder of a set. Its name changes with the pins, `key`, and with this module."""
    digest = hashlib.sha256(key.encode() + Path(__file__).read_bytes()).hexdigest()[:12]
    folder = programs.cache() / f"schemas-{name}-{digest}"

    def write() -> None:
        say(f"making the schemas of {name}, once, in {folder}")
        for schema in make():
            for kind in schema["x-kubernetes-group-version-kind"]:
                group = kind["group"] or kind["version"]  # kubeconform's word for the core's
                file = folder / group / f"{kind['kind'].lower()}_{kind['version']}.json"
                file.parent.mkdir(exist_ok=True)
                file.write_text(json.dumps(schema))

    programs.once(folder, write)
    return folder


def _folder(package: Path, version: str) -> Path:
    pattern = f"lib/python*/site-packages/kubernetes_validate/*/v{version}.0-local-strict"
    return next(package.glob(pattern))


def _builtin(source: Path) -> Iterator[Schema]:
    """Every kind of one Kubernetes version. The strict schemas refuse unknown fields."""
    definitions = _definitions(source)
    for file in source.glob("*-*.json"):
        schema = json.loads(file.read_text())
        if len(schema.get("x-kubernetes-group-version-kind", ())) == 1:
            yield _complete(schema, definitions)


def _definitions(source: Path) -> Mapping[str, Schema]:
    definitions: dict[str, Schema] = json.loads((source / "_definitions.json").read_text())["$defs"]
    return definitions


def _complete(schema: Schema, definitions: Mapping[str, Schema]) -> Schema:
    """A schema with the definitions that it needs, and only those, inside."""
    needed: dict[str, Schema] = {}
    schema = _linked(schema, pending := set[str]())
    while pending:
        name = pending.pop()
        if name not in needed:
            needed[name] = _linked(definitions[name], pending)
    return {**schema, "$defs": needed}


def _linked(node: Any, names: set[str]) -> Any:
    """A copy of `node` that refers to its own $defs; adds what it refers to to `names`.

    Descriptions go, and so do $id and addresses, which kubeconform would ask the network for.
    """
    if isinstance(node, list):
        return [_linked(item, names) for item in node]
    if not isinstance(node, dict):
        return node
    if isinstance(node.get("$ref"), str):
        name = node["$ref"].rpartition("/")[2]
        names.add(name)
        return {"$ref": f"#/$defs/{name}"}
    return {
        key: _linked(value, names)
        for key, value in node.items()
        if key != "$id" and not (key == "description" and isinstance(value, str))
    }


def _custom(root: Path, files: Iterable[Path], say: programs.Say) -> Iterator[Schema]:
    """Every version of every kind that CustomResourceDefinitions define."""
    newest = programs.install(root, "kubernetes-schemas", say=say)
    definitions = _definitions(_folder(newest, _NEWEST))
    for file in files:
        for _, text in yaml.split(file.read_text()):
            try:
                yield from list(_versions(yaml.read(text).values, definitions))
            except (yaml.Invalid, LookupError, TypeError):
                where = file.relative_to(root) if file.is_relative_to(root) else file
                message = "is no CustomResourceDefinition; put one here or none"
                raise GenError([Problem(where, None, message)]) from None


def _versions(definition: Any, definitions: Mapping[str, Schema]) -> Iterator[Schema]:
    """A schema for each version of one CustomResourceDefinition."""
    spec = definition["spec"]
    for version in spec["versions"]:
        schema = _strict(version["schema"]["openAPIV3Schema"])
        schema["properties"] = {  # the API server knows these three whatever the definition says
            **schema.get("properties", {}),
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"$ref": "#/$defs/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"},
        }
        kind = {"group": spec["group"], "version": version["name"], "kind": spec["names"]["kind"]}
        schema["x-kubernetes-group-version-kind"] = [kind]
        yield _complete(schema, definitions)


def _strict(node: Any) -> Any:
    """An OpenAPI schema as JSON Schema: unknown fields refused, as the API server prunes them."""
    if isinstance(node, list):
        return [_strict(item) for item in node]
    if not isinstance(node, dict):
        return node
    result = {key: _strict(value) for key, value in node.items()}
    if result.pop("x-kubernetes-int-or-string", False):
        result["type"] = ["integer", "string"]
    if result.pop("nullable", False) and isinstance(result.get("type"), str):
        result["type"] = [result["type"], "null"]
    closed = isinstance(result.get("properties"), dict) and result.get("type") == "object"
    if closed and not result.get("x-kubernetes-preserve-unknown-fields"):
        result.setdefault("additionalProperties", False)
    return result
