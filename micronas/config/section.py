"""What the sections of a configuration have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class ConfigSection(BaseModel):
    """A section: frozen, and without unknown keys, infinities and NaNs."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
