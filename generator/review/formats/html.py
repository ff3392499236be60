"""A report -> one self-contained HTML file that asks nobody for anything.

Values are a stranger's: autoescape writes each as text, and the page's own policy runs no script
and takes no style but the two whose digests it names.
"""

import base64
import hashlib
from importlib import resources

import jinja2
from markupsafe import Markup

from generator.review.formats import text, values
from generator.review.model import Level
from generator.review.report import Report

_PAGE = resources.files("generator.review.formats") / "page"
_TEMPLATES = jinja2.Environment(
    autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_LINES = {"+": Markup(' class="plus"'), "-": Markup(' class="minus"')}


def write(report: Report) -> str:
    """Return the page."""
    style, script = ((_PAGE / f"report.{kind}").read_text("utf-8") for kind in ("css", "js"))
    template = _TEMPLATES.from_string((_PAGE / "report.html.j2").read_text("utf-8"))
    return template.render(
        report=report,
        policy=_policy(style, script),
        style=Markup(style),  # noqa: S704 - ours
        script=Markup(script),  # noqa: S704 - ours
        words=lambda level: Level(level).words,
        signs=text.VERBS,
        short=values.short,
        is_long=values.is_long,
        lines=values.lines,
        line_class=lambda line: _LINES.get(line[:1], ""),
    )


def _policy(style: str, script: str) -> str:
    """Nothing may be loaded, and only these two texts may run or apply."""
    return (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _digest(content: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"
