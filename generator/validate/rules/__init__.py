"""The project's own rules: each takes a cluster and yields what is wrong in it.

A rule's name is its key here and its folder in tests/broken/.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

from generator.errors import Problem
from generator.validate.cluster import Cluster
from generator.validate.rules import (
    advice,
    flux,
    images,
    references,
    releases,
    safety,
    secrets,
    services,
    substitution,
)

Rule = Callable[[Cluster], Iterable[Problem]]

RULES: dict[str, Rule] = {
    "kustomization-file": flux.kustomization_file,
    "path": flux.path,
    "changed-by-flux": flux.changed_by_flux,
    "substitution": substitution.substitution,
    "substitute-from": substitution.substitute_from,
    "facts": substitution.facts,
    "selector": services.selector,
    "port": services.port,
    "unpinned-image": images.unpinned_image,
    "twice": safety.twice,
    "prunable-data": safety.prunable_data,
    "built-secret": secrets.built_secret,
    "encrypted-file": secrets.encrypted_file,
    "decryption": secrets.decryption,
}
"""What makes `gen validate` fail."""

RULES_OF_RELEASES: dict[str, Rule] = {"revealed-secret": releases.revealed_secret}
"""The same, of what Helm makes where a chart is at hand."""

RULES_OF_THE_WHOLE: dict[str, Rule] = {
    "nothing-applied": flux.nothing_applied,
    "depends-on": flux.depends_on,
    "unused-facts": substitution.unused_facts,
    "reference": references.reference,
    "namespace": references.namespace,
}
"""The same, but only where everything could be built: each complains of what is not there."""

TREE_RULES: dict[str, Callable[[Path], Iterable[Problem]]] = {"plain-secret": secrets.plain_secret}
"""The same, but of every file of the repository, whether a cluster gets it or not."""

WARNINGS: dict[str, Rule] = {
    "clear-text": advice.clear_text,
    "vulnerable-image": advice.vulnerable_image,
    "unguarded": advice.unguarded,
}
"""What it says and lets pass."""

NOTICES: dict[str, Rule] = {
    "not-initialised": secrets.not_initialised,
    "awaited": secrets.awaited,
    "unseen-chart": releases.unseen_chart,
}
"""What is still to do."""
