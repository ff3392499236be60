"""What Flux is told: which folders, in which order, from where, and with which values."""

import graphlib
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import PurePosixPath

from generator.errors import Problem
from generator.validate import cluster as clusters
from generator.validate import fields, kustomize
from generator.validate.cluster import FLUX, Cluster, Kustomization
from generator.validate.objects import Object

VARIABLES = ("azure_client_id", "azure_tenant_id")
"""What exists only after provisioning, and so is the only thing that Flux fills in."""

CONFIG_MAP = "azure-facts"
"""The ConfigMap that holds the variables."""

# Fields that change what is applied. All of that stands in the overlays, where it can be built.
_ELSEWHERE = (
    "commonMetadata",
    "components",
    "images",
    "namePrefix",
    "nameSuffix",
    "patches",
    "targetNamespace",
)


def nothing_applied(cluster: Cluster) -> Iterator[Problem]:
    """A cluster folder without a Flux Kustomization."""
    if not cluster.kustomizations:
        name = cluster.environment.name
        message = f"holds no Flux Kustomization; gen render --env {name} writes them"
        yield Problem(clusters.folder(cluster.environment), None, message)


def path(cluster: Cluster) -> Iterator[Problem]:
    """A Kustomization whose folder is not there, holds nothing or lies outside the repository."""
    for kustomization in cluster.kustomizations:
        item = kustomization.object
        written = fields.text(item.values, "spec", "path")
        if kustomization.path is None:
            yield item.problem(
                "spec.path", f"{written or 'empty'}: must be a folder in this repository"
            )
        elif not (cluster.root / kustomization.path).is_dir():
            yield item.problem("spec.path", f"{written}: no such folder")


def depends_on(cluster: Cluster) -> Iterator[Problem]:
    """A Kustomization that waits for one that is not there, or for itself."""
    known = {_key(item.object): item.object for item in cluster.kustomizations}
    graph = defaultdict[tuple[str, str], set[tuple[str, str]]](set)
    for key, item in known.items():
        for number, entry in enumerate(fields.items(item.values, "spec", "dependsOn")):
            name = fields.text(entry, "name")
            wanted = fields.text(entry, "namespace") or item.namespace, name
            graph[key].add(wanted)
            if wanted not in known:
                field = f"spec.dependsOn[{number}].name"
                yield item.problem(field, f"no Kustomization {name} in {wanted[0]}")
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        names = [name for _, name in error.args[1]]
        circle = " waits for ".join(reversed(names))
        yield known[error.args[1][0]].problem("spec.dependsOn", f"waits for ever: {circle}")


def _key(item: Object) -> tuple[str, str]:
    return item.namespace, item.name


def changed_by_flux(cluster: Cluster) -> Iterator[Problem]:
    """A Kustomization that changes what its folder says: then no check sees what is applied."""
    for kustomization in cluster.kustomizations:
        spec = fields.mapping(kustomization.object.values, "spec")
        for field in _ELSEWHERE:
            if field in spec:
                message = "changes what the folder says; put it into the overlay's kustomization"
                yield kustomization.object.problem(f"spec.{field}", message)


def substitution(cluster: Cluster) -> Iterator[Problem]:
    """A variable that Flux would not fill in, or a ConfigMap of variables that nothing uses."""
    for item in cluster.top:
        yield from _never_filled(item)
    for kustomization in cluster.kustomizations:
        for item in kustomization.applied:
            for field, name, problem in _variables(item):
                if problem or not any(True for _ in _entries(kustomization)):
                    missing = f"{kustomization.object.name} has no substituteFrom {CONFIG_MAP}"
                    yield item.problem(field, f"${{{name}}}: {problem or missing}")
        yield from _substitute_from(kustomization)


def _never_filled(item: Object) -> Iterator[Problem]:
    for field, name, problem in _variables(item):
        yield item.problem(field, f"${{{name}}}: {problem or 'nothing is substituted here'}")


_VARIABLE = re.compile(r"\$\{([^}]*)\}?")


def _variables(item: Object) -> Iterator[tuple[str, str, str | None]]:
    """Each ${...}: its field, its name, and why it may not stand anywhere."""
    if item.marked("substitute") == "disabled" or "${" not in item.text:
        return
    for field, _, value in fields.walk(item.values):
        texts = (
            [value] if isinstance(value, str) else list(value) if isinstance(value, dict) else []
        )
        for found in (found for text in texts for found in _VARIABLE.finditer(str(text))):
            known = found[1] in VARIABLES
            yield (
                field,
                found[1],
                None if known else f"Flux fills in {' and '.join(VARIABLES)} only",
            )


def _entries(kustomization: Kustomization) -> Iterator[tuple[str, fields.Fields]]:
    """Where a Kustomization names the ConfigMap of the variables."""
    where = "spec", "postBuild", "substituteFrom"
    for number, entry in enumerate(fields.items(kustomization.object.values, *where)):
        if fields.text(entry, "kind") == "ConfigMap" and fields.text(entry, "name") == CONFIG_MAP:
            yield f"{'.'.join(where)}[{number}]", entry


def _substitute_from(kustomization: Kustomization) -> Iterator[Problem]:
    item = kustomization.object
    if fields.mapping(item.values, "spec", "postBuild", "substitute"):
        message = f"must not be; only the variables of {CONFIG_MAP} are filled in"
        yield item.problem("spec.postBuild.substitute", message)
    for field, entry in _entries(kustomization):
        if entry.get("optional"):
            message = "must not be: without the ConfigMap, variables would roll out empty"
            yield item.problem(f"{field}.optional", message)


def unused_facts(cluster: Cluster) -> Iterator[Problem]:
    """A Kustomization that waits for variables which none of its objects holds."""
    for kustomization in cluster.kustomizations:
        if not any(True for item in kustomization.applied for _ in _variables(item)):
            for field, _ in _entries(kustomization):
                message = f"no object in {kustomization.path} holds a variable"
                yield kustomization.object.problem(field, message)


def kustomization_file(cluster: Cluster) -> Iterator[Problem]:
    """A kustomization.yaml in clusters/<env>/: Flux would prune what it leaves out, itself too."""
    folder = clusters.folder(cluster.environment)
    for file in sorted((cluster.root / folder).rglob("*ustomization*")):
        inside = PurePosixPath(file.relative_to(cluster.root / folder))
        if file.name in kustomize.FILES and inside.parts[0] != FLUX:
            message = f"must not be: it leaves out {FLUX}/, and Flux would remove itself; delete it"
            yield Problem(folder / inside, None, message)


def facts(cluster: Cluster) -> Iterator[Problem]:
    """infra/facts that names other values than those that Azure's Flux configuration fills in."""
    for item in cluster.facts:
        for field, name, problem in _variables(item):
            if problem:
                yield item.problem(field, f"${{{name}}}: {problem}")
    wanted = cluster.index.get(("ConfigMap", FLUX, CONFIG_MAP))
    if wanted is not None and (
        missing := set(VARIABLES) - set(fields.mapping(wanted.values, "data"))
    ):
        for name in sorted(missing):
            yield wanted.problem(f"data.{name}", "is missing")
