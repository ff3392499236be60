"""What every type of an environment file has in common."""

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """Read-only, nothing converted, and an unknown key is a mistake."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True
    )
