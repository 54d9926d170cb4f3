"""The section ``strategy``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from micronas.config.section import ConfigSection


class StrategyConfig(ConfigSection):
    """The search strategy and its parameters."""

    name: str = Field(default="aging_evolution", description="search strategy, or your own as `module:Name`")
    population: int | None = Field(
        default=None,
        ge=2,
        description="aging_evolution, nsga2: size of the population; absent: a quarter of budget.trials, "
        "8 to 24, or 12 without that budget",
    )
    sample: int = Field(default=4, ge=1, description="aging_evolution: tournament size (Real et al. 2019)")
    sized: bool = Field(
        default=True,
        description="aging_evolution: start from networks of every size up to the flash budget",
    )
    guided: bool = Field(
        default=True,
        description="aging_evolution and nsga2: a predictor chooses which of eight children is tried",
    )
    pool: int = Field(default=32, ge=2, description="predictor_*: candidates compared for each trial")
    supernet_length: float = Field(
        default=1.0, gt=0, description="dnas, darts: length of one supernet training; 1 is about a minute"
    )
    draws: int = Field(default=16, ge=1, description="dnas, darts: networks tried from one supernet")
    hedged: bool = Field(
        default=True,
        description="dnas, darts: every second network is random until eight of each kind are trained, then "
        "the better kind goes on; false: only networks of supernets",
    )
    order: Literal[1, 2] = Field(default=1, description="darts: first- or second-order gradient")
    partial_channels: Literal[1, 2, 4] = Field(
        default=2, description="darts: one in this many channels is mixed; 1 is plain DARTS"
    )
    early_stop: bool = Field(
        default=True, description="darts: stop before the cells collapse; false is plain DARTS"
    )

    @model_validator(mode="after")
    def _tournament_fits(self) -> StrategyConfig:
        if self.population is not None and self.sample > self.population:
            raise ValueError(f"sample {self.sample} is more than population {self.population}")
        return self
