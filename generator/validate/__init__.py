"""A rendered repository -> what kustomize, Kubernetes, Flux and our own rules say against it."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path, PurePosixPath

from generator import programs
from generator.environment import Environment
from generator.errors import GenError, Problem
from generator.validate import azure_cli, kubeconform, releases, schemas
from generator.validate import cluster as clusters
from generator.validate.cluster import Cluster
from generator.validate.kubeconform import Finding
from generator.validate.objects import Object
from generator.validate.rules import (
    NOTICES,
    RULES,
    RULES_OF_RELEASES,
    RULES_OF_THE_WHOLE,
    TREE_RULES,
    WARNINGS,
    Rule,
    secrets,
)

__all__ = ["Report", "validate"]


@dataclass(frozen=True)
class Report:
    """What `gen validate` says. Only problems make it fail."""

    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    notices: tuple[Problem, ...]
    objects: int
    """How many objects were checked, each as often as a cluster applies it."""


def validate(root: Path, environments: Sequence[Environment], say: programs.Say) -> Report:
    """Check everything that Flux applies for `environments`. `say` tells of installations."""
    kustomize = programs.find(root, "kustomize", say=say)
    loaded, problems = clusters.load(root, environments, kustomize)
    loaded = [_released(cluster, kustomize, say, problems) for cluster in loaded]
    problems += _judged(root, loaded, say)
    problems += _ruled([*RULES.values(), *RULES_OF_RELEASES.values()], loaded)
    whole = [cluster for cluster in loaded if cluster.whole and not any(secrets.damaged(cluster))]
    problems += _ruled(RULES_OF_THE_WHOLE.values(), whole)
    problems += chain.from_iterable(rule(root) for rule in TREE_RULES.values())
    if client := programs.installed(root, "azure-cli"):
        problems += chain.from_iterable(azure_cli.judged(root, client, env) for env in environments)
    damaged = set(chain.from_iterable(map(secrets.damaged, loaded)))
    problems = [problem for problem in problems if not _follows(problem, damaged)]
    warnings, notices = (_ruled(rules.values(), loaded) for rules in (WARNINGS, NOTICES))
    count = sum(len(cluster.running) for cluster in loaded)
    return Report(_unique(problems), _unique(warnings), _unique(notices), count)


def _follows(problem: Problem, damaged: Iterable[PurePosixPath]) -> bool:
    """Whether it is said of what was built from one of these files, which is said to be damaged."""
    mine = [file for file in damaged if file.parent == problem.path]
    if problem.message.startswith("kustomize: "):
        return any(file.name in problem.message for file in mine)
    return bool(mine) and problem.message.startswith("Secret/")


def _released(
    cluster: Cluster, kustomize: Path, say: programs.Say, problems: list[Problem]
) -> Cluster:
    """The cluster with what Helm makes of its releases, as far as their charts are at hand."""
    named = [item for item in cluster.objects if item.kind == "HelmRelease" and item.is_flux]
    if not named:
        return cluster
    try:
        at_hand = releases.charts(cluster.root)
    except GenError as error:
        problems += error.problems
        return replace(cluster, failed=tuple(named))
    made, unseen, failed = list[Object](), list[Object](), list[Object]()
    version = cluster.environment.cluster.kubernetes_version
    for release in named:
        chart = releases.find(release, at_hand)
        if not chart:
            unseen.append(release)
            continue
        try:
            tools = releases.Programs(programs.find(cluster.root, "helm", say=say), kustomize)
            made += releases.render(tools, chart, release, cluster.objects, version)
        except GenError as error:
            problems += error.problems
            failed.append(release)
    return replace(cluster, released=tuple(made), unseen=tuple(unseen), failed=tuple(failed))


def _ruled(rules: Iterable[Rule], loaded: Iterable[Cluster]) -> list[Problem]:
    return [problem for cluster in loaded for rule in rules for problem in rule(cluster)]


def _unique(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Environments share folders, and each finds what is wrong in them."""
    return tuple(sorted(set(problems), key=lambda problem: (problem.path, str(problem))))


def _judged(root: Path, loaded: Sequence[Cluster], say: programs.Say) -> Iterator[Problem]:
    """What schemas say: one run of kubeconform for each version of Kubernetes and of Flux."""
    kubeconform_ = programs.find(root, "kubeconform", say=say)
    with ThreadPoolExecutor() as pool:
        findings: dict[str, Future[list[Finding]]] = {
            judge: pool.submit(kubeconform.judge, kubeconform_, sets, objects)
            for judge, sets, objects in _judges(root, loaded, say)
        }
    said: dict[Problem, list[str]] = {}
    for judge, future in findings.items():
        for finding in future.result():
            problem = finding.object.problem(finding.field, finding.message)
            judges = said.setdefault(problem, [])
            if judge not in judges:
                judges.append(judge)
    for problem, judges in said.items():
        yield Problem(problem.path, None, f"{problem.message} ({', '.join(judges)})")


def _judges(
    root: Path, loaded: Sequence[Cluster], say: programs.Say
) -> Iterator[tuple[str, list[Path], list[Object]]]:
    """Each judge, its sets of schemas and the objects that it judges."""
    added = schemas.added(root, say)
    objects = list(dict.fromkeys(chain.from_iterable(cluster.running for cluster in loaded)))
    for flux in schemas.FLUX:
        of_flux = [item for item in objects if item.is_flux]
        yield flux, [schemas.flux(root, flux, say), *added], of_flux
    for version in sorted({cluster.environment.cluster.kubernetes_version for cluster in loaded}):
        here = [
            item
            for cluster in loaded
            if cluster.environment.cluster.kubernetes_version == version
            for item in cluster.running
            if not item.is_flux
        ]
        sets = [schemas.kubernetes(root, version, say), *added]
        yield f"Kubernetes {version}", sets, list(dict.fromkeys(here))
