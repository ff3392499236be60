"""What must neither be done twice nor undone."""

from collections.abc import Iterator

from generator.errors import Problem
from generator.secrets import table
from generator.validate.cluster import Cluster
from generator.validate.objects import Object

_DATA = ("Namespace", "PersistentVolumeClaim", "Secret")
"""What Flux must not delete because a file went."""


def twice(cluster: Cluster) -> Iterator[Problem]:
    """An object that is applied from two places: Flux would change it back and forth for ever."""
    first: dict[tuple[str, str, str, str], Object] = {}
    for item in cluster.running:
        key = item.group, item.kind, item.namespace, item.name
        if other := first.get(key):
            yield item.problem("metadata.name", f"is also applied from {other.path}; keep one")
        first[key] = item


def prunable_data(cluster: Cluster) -> Iterator[Problem]:
    """Data that Flux would delete with the file that describes it."""
    for item in cluster.objects:
        is_data = item.kind in _DATA and item.group == "" and not _is_flux_own(item)
        if is_data and item.marked("prune") != "disabled":
            field = "metadata.annotations.kustomize.toolkit.fluxcd.io/prune"
            yield item.problem(field, "must be disabled: data outlives mistakes")


def _is_flux_own(item: Object) -> bool:
    """A token of Flux's own opens no data, and should go with what used it."""
    places = [(kept.namespace, kept.name) for kept in table.KEPT if not kept.outlives_its_file]
    return item.kind == "Secret" and (item.namespace, item.name) in places
