"""What Flux is told: which folders, in which order, and nothing that hides what is applied."""

import graphlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import PurePosixPath

from generator.errors import Problem
from generator.validate import cluster as clusters
from generator.validate import fields, kustomize
from generator.validate.cluster import FLUX, Cluster
from generator.validate.objects import Object

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


def kustomization_file(cluster: Cluster) -> Iterator[Problem]:
    """A kustomization.yaml in clusters/<env>/: Flux would prune what it leaves out, itself too."""
    folder = clusters.folder(cluster.environment)
    for file in sorted((cluster.root / folder).rglob("*ustomization*")):
        inside = PurePosixPath(file.relative_to(cluster.root / folder))
        if file.name in kustomize.FILES and inside.parts[0] != FLUX:
            message = f"must not be: it leaves out {FLUX}/, and Flux would remove itself; delete it"
            yield Problem(folder / inside, None, message)
