"""A field's value -> the text that people read: short, on one line, or as the lines that differ."""

import difflib
import json
from typing import Any

from generator.review.report import Difference

_LONGEST = 160  # characters of a value on one line


def short(value: Any) -> str:
    """Return a value on one line; "" for none."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split()) if "\n" in text else text
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} characters)"


def is_long(field: Difference) -> bool:
    """Whether a field holds lines of text, of which only some differ."""
    sides = (field.before, field.after)
    return all(isinstance(side, str | None) for side in sides) and any(
        "\n" in (side or "") for side in sides
    )


def lines(field: Difference) -> list[str]:
    """Return the lines that differ, each with + or - in front, and one line around them."""
    before, after = ((side or "").splitlines() for side in (field.before, field.after))
    diff = difflib.unified_diff(before, after, lineterm="", n=1)
    return [line for line in diff if not line.startswith(("---", "+++"))]
