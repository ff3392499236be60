"""An environment before and after -> what merging does to its cluster and to Azure."""

from generator.review import rules
from generator.review.changes import changes
from generator.review.model import Case, Review, Side

__all__ = ["review"]


def review(name: str, before: Side, after: Side) -> Review:
    """Compare both sides of an environment."""
    case = Case(before, after, changes(before, after) if after.objects else ())
    return Review(name, rules.findings(case), case.changes)
