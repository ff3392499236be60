"""What Flux fills in: two variables, from one ConfigMap, only where they are used, and no other."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from generator.errors import Problem
from generator.validate import fields
from generator.validate.cluster import FLUX, Cluster, Kustomization
from generator.validate.objects import Object

VARIABLES = ("azure_client_id", "azure_tenant_id")
"""What exists only after provisioning, and so is the only thing that Flux fills in."""

CONFIG_MAP = "azure-facts"
"""The ConfigMap that holds the variables."""


@dataclass(frozen=True)
class Use:
    """A place that Flux would change: ${...} or $$."""

    object: Object
    field: str
    text: str

    @property
    def known(self) -> bool:
        """Whether it is one of the variables."""
        return self.text in [f"${{{name}}}" for name in VARIABLES]

    def problem(self, message: str) -> Problem:
        """Return what is wrong with it."""
        return self.object.problem(self.field, f"{self.text}: {message}")


_USE = re.compile(r"\$\{[^}]*\}?|\$\$")


def _uses(item: Object) -> Iterator[Use]:
    if item.marked("substitute") == "disabled" or "$" not in item.text:
        return
    for field, _, value in fields.walk(item.values):
        for text in value if isinstance(value, dict) else [value]:
            for found in _USE.finditer(text) if isinstance(text, str) else ():
                yield Use(item, field, found[0])


def substitution(cluster: Cluster) -> Iterator[Problem]:
    """A variable that Flux would not fill in, or a text that it would change."""
    for item in cluster.top:
        for use in _uses(item):
            if use.text != "$$":
                yield use.problem("nothing is filled in here")
    for kustomization in cluster.kustomizations:
        filled = any(True for _ in _entries(kustomization))
        for item in kustomization.applied:
            for use in _uses(item):
                if message := _wrong(use, kustomization, filled):
                    yield use.problem(message)


def _wrong(use: Use, kustomization: Kustomization, filled: bool) -> str | None:
    if use.text == "$$":
        return "Flux would make it $" if filled else None
    if not use.known:
        return f"Flux fills in {' and '.join(VARIABLES)} only"
    return None if filled else f"{kustomization.object.name} has no substituteFrom {CONFIG_MAP}"


def _entries(kustomization: Kustomization) -> Iterator[tuple[str, fields.Fields]]:
    """Where a Kustomization names the ConfigMap of the variables."""
    where = "spec", "postBuild", "substituteFrom"
    for number, entry in enumerate(fields.items(kustomization.object.values, *where)):
        if fields.text(entry, "kind") == "ConfigMap" and fields.text(entry, "name") == CONFIG_MAP:
            yield f"{'.'.join(where)}[{number}]", entry


def substitute_from(cluster: Cluster) -> Iterator[Problem]:
    """Variables of a Kustomization's own, or a ConfigMap that may be missing."""
    for kustomization in cluster.kustomizations:
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
        if not any(use.known for item in kustomization.applied for use in _uses(item)):
            for field, _ in _entries(kustomization):
                message = f"no object in {kustomization.path} holds a variable"
                yield kustomization.object.problem(field, message)


def facts(cluster: Cluster) -> Iterator[Problem]:
    """infra/facts with other values than those that Azure's Flux configuration fills in."""
    for item in cluster.facts:
        for use in _uses(item):
            if not use.known:
                yield use.problem(f"Azure fills in {' and '.join(VARIABLES)} only")
    known = cluster.index.get(("ConfigMap", FLUX, CONFIG_MAP))
    if known is not None:
        for name in sorted(set(VARIABLES) - set(fields.mapping(known.values, "data"))):
            yield known.problem(f"data.{name}", "is missing")
