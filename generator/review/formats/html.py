"""A report -> one self-contained HTML file."""

from generator.review.report import Report


def write(report: Report) -> str:
    """Return the page."""
    return ""
