"""A tree on disk -> each environment as it is there, or why it cannot be read."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from generator import environment
from generator.environment import Environment
from generator.errors import GenError, Problem
from generator.render import infra
from generator.review import declared
from generator.review.model import Applied, Side
from generator.validate import cluster as clusters
from generator.validate.cluster import Cluster


@dataclass(frozen=True)
class Loaded:
    """An environment as a tree has it, and what is wrong with it there."""

    side: Side
    problems: tuple[Problem, ...] = ()
    broken: frozenset[str] = frozenset()
    """The Kustomizations that do not build; "" is what Flux starts from."""


def load(root: Path, names: Iterable[str], kustomize: Path) -> Mapping[str, Loaded]:
    """Build these environments. `names` that the tree does not hold get an empty side."""
    values: dict[str, Environment | None] = {}
    problems: dict[str, tuple[Problem, ...]] = {}
    scripts: dict[str, tuple[Applied, ...] | None] = {}
    for name in names:
        values[name], wrong = _values(root, name)
        scripts[name], unreadable = _declared(root, name)
        problems[name] = (*wrong, *unreadable)
    there = [name for name in values if (root / "clusters" / name).is_dir()]
    built, found = clusters.load(root, [_named(name) for name in there], kustomize)
    sides = {name: Side(values[name], declared=scripts[name]) for name in values}
    loaded = {name: Loaded(sides[name], problems[name]) for name in values}
    for name, cluster in zip(there, built, strict=True):
        side = replace(sides[name], objects=tuple(_applied(cluster)))
        broken = {owner: mine for owner, mine in _broken(cluster, found) if mine}
        mine = dict.fromkeys(problem for some in broken.values() for problem in some)
        loaded[name] = Loaded(side, (*problems[name], *mine), frozenset(broken))
    return loaded


def filled(loaded: Loaded, other: Loaded) -> Side:
    """Return a side whose broken Kustomizations hold what the other side has for them.

    Flux keeps what is there as long as something does not build.
    """
    objects = (item for item in loaded.side.objects if item.owner not in loaded.broken)
    kept = (item for item in other.side.objects if item.owner in loaded.broken)
    return replace(loaded.side, objects=(*objects, *kept))


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


def _declared(root: Path, name: str) -> tuple[tuple[Applied, ...] | None, tuple[Problem, ...]]:
    """What the environment's script declares, or why it cannot be read; neither without one."""
    path = infra.script(name)
    try:
        return declared.resources((root / path).read_text("utf-8")), ()
    except FileNotFoundError:
        return None, ()
    except UnicodeDecodeError:
        message = "is not UTF-8; restore it from Git"
    except OSError as error:
        message = error.strerror or str(error)
    except declared.Unreadable:
        message = f"is not as gen writes it; gen render --env {name}"
    return None, (Problem(path, None, message),)


def _broken(cluster: Cluster, problems: Iterable[Problem]) -> Iterator[tuple[str, list[Problem]]]:
    """Each Kustomization of a cluster, and the problems of its folder."""
    folders = {"": clusters.folder(cluster.environment)}
    folders |= {item.object.name: item.path for item in cluster.kustomizations if item.path}
    for owner, folder in folders.items():
        yield owner, [item for item in problems if PurePosixPath(item.path).is_relative_to(folder)]


def _applied(cluster: Cluster) -> Iterator[Applied]:
    for item in cluster.top:
        yield Applied(item.values, "")
    for kustomization in cluster.kustomizations:
        for item in kustomization.applied:
            yield Applied(item.values, kustomization.object.name)
