"""A report -> JSON for programs, in the form that docs/review.md describes."""

from generator.review.report import Report


def write(report: Report) -> str:
    """Return the report as JSON."""
    return report.model_dump_json(indent=2) + "\n"
