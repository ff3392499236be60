"""An environment before and after -> what merging does to its cluster and to Azure."""

from generator.review import declared, rules
from generator.review.changes import changes
from generator.review.model import Case, Review, Side

__all__ = ["review"]


def review(name: str, before: Side, after: Side) -> Review:
    """Compare both sides of an environment."""
    objects = changes(before, after) if after.objects else ()
    case = Case(before, after, objects, declared.changes(before, after))
    return Review(name, rules.findings(case), (*case.changes, *case.azure))
