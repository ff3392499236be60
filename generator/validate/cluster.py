"""clusters/<env>/ and what it refers to -> the objects that Flux puts into the cluster."""

import os
import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path, PurePosixPath

from generator.environment import Environment
from generator.errors import GenError, Problem
from generator.validate import fields, kustomize, objects
from generator.validate.objects import Object

FACTS = PurePosixPath("infra/facts")
"""What Azure's fluxConfiguration applies before it applies clusters/<env>/."""

FLUX = "flux-system"
"""The folder in clusters/<env>/ that belongs to `flux bootstrap`, and Flux's namespace."""

Key = tuple[str, str, str]
"""Kind, namespace and name."""


@dataclass(frozen=True)
class Kustomization:
    """A Flux Kustomization and what it applies."""

    object: Object
    path: PurePosixPath | None
    """The folder, from the repository's root; None where it is no folder in it."""
    applied: tuple[Object, ...]


@dataclass(frozen=True)
class Cluster:
    """Everything that Flux applies for one environment."""

    root: Path
    environment: Environment
    top: tuple[Object, ...]
    """The objects of clusters/<env>/ itself."""
    facts: tuple[Object, ...]
    """The objects of infra/facts."""
    kustomizations: tuple[Kustomization, ...]
    whole: bool
    """Whether everything could be read and built: else, what is missing may be in the rest."""
    released: tuple[Object, ...] = ()
    """What Helm makes of the HelmReleases whose charts are at hand."""
    unseen: tuple[Object, ...] = ()
    """The HelmReleases whose charts are not: what they make is not known."""
    failed: tuple[Object, ...] = ()
    """The HelmReleases whose charts cannot be read: nor is what they make."""

    @cached_property
    def objects(self) -> list[Object]:
        """Every object, as often as it is applied."""
        below = (kustomization.applied for kustomization in self.kustomizations)
        return [*self.facts, *self.top, *chain.from_iterable(below)]

    @cached_property
    def running(self) -> list[Object]:
        """Every object, and what Helm makes of the releases among them."""
        return [*self.objects, *self.released]

    @cached_property
    def index(self) -> Mapping[Key, Object]:
        """Every object by kind, namespace and name."""
        return {(item.kind, item.namespace, item.name): item for item in self.objects}


def folder(environment: Environment) -> PurePosixPath:
    """Return the folder that Flux starts from."""
    return PurePosixPath("clusters", environment.name)


def load(
    root: Path, environments: Sequence[Environment], program: Path
) -> tuple[list[Cluster], list[Problem]]:
    """Return each environment's cluster, and what kept an object out of it.

    `program` is kustomize. Of an environment only its name counts.
    """
    reader = _Reader(root, program)
    tops = [folder(environment) for environment in environments]
    with ThreadPoolExecutor(_cores()) as pool:
        pending = {top for top in (FACTS, *tops) if (root / top).is_dir()}
        while pending:
            reader.built |= zip(pending, pool.map(reader.folder, pending), strict=True)
            pending = reader.missing()
    return [reader.cluster(environment) for environment in environments], reader.problems


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Reader:
    """Read every folder once, however many environments apply it."""

    def __init__(self, root: Path, program: Path) -> None:
        self.root = root
        self.program = program
        self.built: dict[PurePosixPath, tuple[Object, ...]] = {}
        self.problems: list[Problem] = []

    def folder(self, path: PurePosixPath) -> tuple[Object, ...]:
        try:
            if _has_kustomization(self.root / path) and path.parts[0] != "clusters":
                text = kustomize.build(self.program, self.root, path)
                return tuple(objects.read(path, text))
            return tuple(chain.from_iterable(self.plain(path)))
        except GenError as error:
            self.problems += error.problems
            return ()

    def plain(self, path: PurePosixPath) -> Iterator[Iterable[Object]]:
        """The objects of a folder without a kustomization: of every file, at any depth."""
        for entry in sorted((self.root / path).iterdir()):
            inside = path / entry.name
            if entry.is_symlink() or not (entry.is_file() or entry.is_dir()):
                self.problems.append(Problem(inside, None, _NO_FILE))
            elif entry.is_dir() and not _is_bootstrap(inside):
                yield self.folder(inside)
            elif entry.suffix in (".yaml", ".yml") and entry.name not in kustomize.FILES:
                try:
                    yield objects.load(self.root, inside)
                except GenError as error:
                    self.problems += error.problems

    def missing(self) -> set[PurePosixPath]:
        """The folders that Kustomizations name and that are not built yet."""
        known = chain.from_iterable(self.built.values())
        paths = {_path(item) for item in known if _is_kustomization(item)}
        return {
            path
            for path in paths
            if path and path not in self.built and (self.root / path).is_dir()
        }

    def cluster(self, environment: Environment) -> Cluster:
        start = folder(environment)
        top, facts = self.built.get(start, ()), self.built.get(FACTS, ())
        kustomizations = tuple(self.kustomizations(top))
        whole = self.is_whole(start, {start, FACTS, *(item.path for item in kustomizations)})
        return Cluster(self.root, environment, top, facts, kustomizations, whole)

    def is_whole(self, start: PurePosixPath, paths: set[PurePosixPath | None]) -> bool:
        return all(
            path
            and (path in self.built or path in (start, FACTS))
            and not any(problem.path.is_relative_to(path) for problem in self.problems)
            for path in paths
        )

    def kustomizations(self, top: Iterable[Object]) -> Iterator[Kustomization]:
        """What `top` holds, and what that applies in turn, each folder once."""
        pending, seen = list(top), set[PurePosixPath | None]()
        while pending:
            item = pending.pop(0)
            if not _is_kustomization(item):
                continue
            path = _path(item)
            applied = self.built.get(path, ()) if path else ()
            yield Kustomization(item, path, applied)
            if path not in seen:
                seen.add(path)
                pending += applied


_NO_FILE = "is a link, or no file at all, which Flux leaves out; put the file itself here"


def _has_kustomization(path: Path) -> bool:
    return any((path / name).exists() for name in kustomize.FILES)


def _is_bootstrap(path: PurePosixPath) -> bool:
    return path.parts[0] == "clusters" and path.parts[2:] == (FLUX,)


def _is_kustomization(item: Object) -> bool:
    return item.kind == "Kustomization" and item.is_flux


def _path(item: Object) -> PurePosixPath | None:
    """A Flux Kustomization's folder, from the repository's root."""
    path = posixpath.normpath(fields.text(item.values, "spec", "path") or ".")
    return None if path == "." or path.startswith(("/", "..")) else PurePosixPath(path)
