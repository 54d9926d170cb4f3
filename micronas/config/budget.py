"""The section ``budget``."""

from __future__ import annotations

from pydantic import Field, model_validator

from micronas.config.section import ConfigSection


class SearchBudget(ConfigSection):
    """What the search may cost. With several limits, the search ends at the first that is reached.

    A run that ends by its number of trials is a pure function of its seed.
    """

    trials: int | None = Field(default=None, ge=1, description="number of trials")
    minutes: float | None = Field(default=None, gt=0, description="wall clock, final training included")
    cpu_minutes: float | None = Field(
        default=None, gt=0, description="CPU time of all processes, the final training included"
    )

    @property
    def is_timed(self) -> bool:
        """Whether the machine's speed counts; a run of a number of trials must not depend on it."""
        return self.minutes is not None or self.cpu_minutes is not None

    @model_validator(mode="after")
    def _has_an_end(self) -> SearchBudget:
        if self.trials is None and self.minutes is None and self.cpu_minutes is None:
            raise ValueError("give at least one of trials, minutes and cpu_minutes")
        return self
