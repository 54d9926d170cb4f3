"""The sections ``final_fit`` and ``training``: how the winner is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from micronas.config.section import ConfigSection

USUAL_EPOCHS = 120
"""Of a final training, where none are configured."""

LONG_EPOCHS = 360
"""The most of one that has what is left of a budget in time, where none are configured."""


class FinalFitConfig(ConfigSection):
    """The final training of the winner: augmentation and a cosine schedule, inside the time budget.

    Before it, the best trials and the best baseline network are trained again with other seeds, and rank by
    the mean: the best of many single trainings is mostly the luckiest. A quarter of the trials at most.
    """

    share: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="share of a budget in minutes or CPU minutes that trials leave for it; absent: what its "
        "epochs would take by the speed of the best trial, 0.1 to 0.5, or up to 0.75 for its first 40; "
        "if fewer than 20 trials fit beside that, one baseline network gets all of the time",
    )
    epochs: int | None = Field(
        default=None,
        ge=1,
        description="maximum epochs; absent: 360 if the budget is only minutes or CPU minutes, or for a "
        "baseline network that gets all of the time; otherwise, and for anomaly detection, 120",
    )
    finalists: int = Field(default=1, ge=1, le=8, description="number of best networks to train this way")
    candidates: int = Field(
        default=5, ge=1, le=16, description="number of best trials to train again before that; 1: none"
    )
    seeds: int = Field(default=2, ge=1, le=10, description="further trainings of each, as the budget allows")

    def most_epochs(self, *, long: bool) -> int:
        """Those that are configured, or a default, which is larger for a ``long`` training."""
        if self.epochs is not None:
            return self.epochs
        return LONG_EPOCHS if long else USUAL_EPOCHS


class TrainingConfig(ConfigSection):
    """Options of the final training of the finalists; all are off by default."""

    qat: Literal["off", "finalists"] = Field(
        default="off",
        description="quantization-aware training after the final training: a tenth of its epochs with int8 "
        "rounding in the loop; kept if the int8 network is better on validation data",
    )
    distill: Literal["off", "finalists"] = Field(
        default="off", description="finalists also learn the outputs of a better float network"
    )
    teacher: Path | None = Field(
        default=None, description="distill: a .keras file; absent: the trial with the best float network"
    )
    mixup: float = Field(
        default=0.0,
        ge=0,
        le=10,
        description="train on weighted means of two samples and of their labels, with weights from "
        "Beta(mixup, mixup); 0: off, 0.2 is usual",
    )
    augment_strengths: tuple[Annotated[float, Field(ge=0, le=3)], ...] = Field(
        default=(),
        max_length=5,
        description="strengths of augmentation; a finalist is trained with each of them in an equal part of "
        "the time, and validation data decide; for example [1, 0.5, 1.5]. Absent: 1",
    )

    @property
    def fits_per_finalist(self) -> int:
        """How many times a finalist is trained."""
        return max(1, len(self.augment_strengths))

    @field_validator("qat", "distill", mode="before")
    @classmethod
    def _yaml_reads_off_as_false(cls, value: Any) -> Any:
        return "off" if value is False else value

    @model_validator(mode="after")
    def _teacher_has_pupils(self) -> TrainingConfig:
        if self.teacher is not None and self.distill == "off":
            raise ValueError("teacher is given, but distill is off")
        return self
