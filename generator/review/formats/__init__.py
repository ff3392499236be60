"""A report -> its form for a terminal, a comment, a browser or a program."""

from collections.abc import Callable, Mapping

from generator.review.formats import html, json, markdown, text
from generator.review.report import Report

FORMATS: Mapping[str, Callable[[Report], str]] = {
    "text": text.write,
    "markdown": markdown.write,
    "html": html.write,
    "json": json.write,
}
