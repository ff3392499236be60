"""What every type of an environment file has in common."""

import types
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """Read-only, nothing converted, and an unknown key is a mistake."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True
    )


def without_none(annotation: Any) -> Any:
    """Return the type itself, of one that may also be None."""
    return get_args(annotation)[0] if get_origin(annotation) is types.UnionType else annotation
