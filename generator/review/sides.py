"""A tree on disk -> each environment as it is there, or why it cannot be read."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from generator import environment
from generator.environment import Environment
from generator.errors import GenError, Problem
from generator.review.model import Applied, Side
from generator.validate import cluster as clusters
from generator.validate.cluster import Cluster


@dataclass(frozen=True)
class Loaded:
    """An environment as a tree has it, and what is wrong with it there."""

    side: Side
    problems: tuple[Problem, ...] = ()


def load(root: Path, names: Iterable[str], kustomize: Path) -> Mapping[str, Loaded]:
    """Build these environments. `names` that the tree does not hold get an empty side."""
    values: dict[str, Environment | None] = {}
    problems: dict[str, tuple[Problem, ...]] = {}
    for name in names:
        values[name], problems[name] = _values(root, name)
    there = [name for name in values if (root / "clusters" / name).is_dir()]
    built, found = clusters.load(root, [_named(name) for name in there], kustomize)
    loaded = {name: Loaded(Side(values[name]), problems[name]) for name in values}
    for name, cluster in zip(there, built, strict=True):
        mine = tuple(_mine(cluster, found))
        side = Side(values[name], tuple(_applied(cluster)))
        loaded[name] = Loaded(side, (*problems[name], *mine))
    return loaded


def _named(name: str) -> Environment:
    """A cluster is found by its environment's name alone, whatever its values are."""
    known: dict[str, Any] = {"name": name}
    return Environment.model_construct(**known)


def _values(root: Path, name: str) -> tuple[Environment | None, tuple[Problem, ...]]:
    """The environment's values, or what is wrong with them; neither where it has none."""
    if not (root / environment.path(name)).exists():
        return None, ()
    try:
        document = environment.parse(name, environment.text(root, name))
        return environment.check(name, document), ()
    except GenError as error:
        return None, error.problems


def _mine(cluster: Cluster, problems: Iterable[Problem]) -> Iterator[Problem]:
    """The problems of the folders that this cluster applies."""
    folders = [clusters.folder(cluster.environment), clusters.FACTS]
    folders += [item.path for item in cluster.kustomizations if item.path]
    for problem in problems:
        if any(PurePosixPath(problem.path).is_relative_to(folder) for folder in folders):
            yield problem


def _applied(cluster: Cluster) -> Iterator[Applied]:
    for item in cluster.top:
        yield Applied(item.values, "")
    for kustomization in cluster.kustomizations:
        for item in kustomization.applied:
            yield Applied(item.values, kustomization.object.name)
