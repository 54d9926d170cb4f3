"""The section ``data``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import Field

from micronas.config.section import ConfigSection

NonNegative: TypeAlias = Annotated[int, Field(ge=0)]

Option: TypeAlias = bool | int | float | str | list[str]
"""The value of an option of a data source."""


class DataConfig(ConfigSection):
    """The data set and its split. The split is stratified and does not depend on the search's ``seed``."""

    name: str = Field(default="mnist5k", description="data source, or your own as `module:function`")
    path: Path | None = Field(default=None, description="file or folder of the source, if it needs one")
    validation_share: float = Field(default=0.15, gt=0, lt=0.5, description="share of the samples")
    test_share: float = Field(default=0.15, gt=0, lt=0.5, description="share of the samples, sealed")
    split_seed: int = Field(
        default=0, ge=0, description="seed of the split; picks the fold of prepared folds"
    )
    metric: str | None = Field(
        default=None,
        description="balanced_accuracy, macro_f1, recall@0.01 (recall at 1 % false alarms), "
        "known_recall@0.05 or known_recall@1/h (recall of the known classes while at most 5 % of the samples "
        "of `unknown`, or one per hour, are accepted), or your own as `module:function`; absent: the task's",
    )
    unknown: list[str] = Field(
        default=[],
        description="classes that a detector should ignore (background, silence, other words): their false "
        "accepts are reported, per hour where the rate is known",
    )
    mirror: bool | None = Field(
        default=None,
        description="whether a mirrored picture keeps its class; absent: colour pictures do. "
        "false for signs, letters and left against right",
    )
    triads: tuple[tuple[NonNegative, NonNegative, NonNegative], ...] = Field(
        default=(),
        description="streams: channels that are the x, y and z axes of one sensor, for example [[0, 1, 2]]; "
        "declare them if the sensor is worn or mounted in any direction: training then rotates them",
    )
    options: dict[str, Option] = Field(
        default={}, description="options of the source; each source checks its own"
    )
