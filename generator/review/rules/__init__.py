"""Every rule behind a verdict, by its name: a case -> what it means for people."""

from collections.abc import Callable, Iterator, Mapping

from generator.review.model import Case, Finding
from generator.review.rules import (
    azure,
    backups,
    deletions,
    flux,
    immutable,
    network,
    permissions,
    pods,
    releases,
    stateful,
)

Rule = Callable[[Case], Iterator[Finding]]

RULES: Mapping[str, Rule] = {
    **azure.RULES_OF_THE_WHOLE,
    **immutable.RULES,
    **deletions.RULES,
    **stateful.RULES,
    **pods.RULES,
    **releases.RULES,
    **permissions.RULES,
    **network.RULES,
    **flux.RULES,
    **azure.RULES,
    **backups.RULES,
}


def findings(case: Case) -> tuple[Finding, ...]:
    """Return what every rule finds, the most serious first."""
    if not case.after.objects:  # Flux finds no folder, and then touches nothing
        return tuple(azure.comes_or_goes(case))
    found = [finding for rule in RULES.values() for finding in rule(case)]
    return tuple(sorted(dict.fromkeys(found), key=lambda finding: -finding.level))
