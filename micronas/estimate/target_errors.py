"""How far a regression's predictions are from the targets, in the unit of the target, with intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from micronas.estimate.interval import Interval
from micronas.trial import Json


@dataclass(frozen=True)
class TargetErrors:
    """Of the int8 network on ``samples`` of a split: mean absolute error, root mean squared error, and R2.

    The first two are in ``unit`` of the quantity ``target``. ``r2`` can be below 0, unlike the figure of
    merit. Intervals are of 95 %. ``constant_mae`` and ``constant_rmse`` are those of always predicting the
    mean of the training targets.
    """

    target: str
    unit: str
    samples: int
    mae: float
    rmse: float
    r2: float
    mae_interval: Interval
    rmse_interval: Interval
    r2_interval: Interval
    constant_mae: float
    constant_rmse: float

    @property
    def as_unit(self) -> str:
        """The unit as it follows a number: with a space before it, or empty."""
        return f" {self.unit}" if self.unit else ""

    def to_json(self) -> dict[str, Json]:
        """The object ``errors`` of a result."""
        return {
            "target": self.target,
            "unit": self.unit,
            "samples": self.samples,
            "mae": self.mae,
            "rmse": self.rmse,
            "r2": self.r2,
            "mae_interval": self.mae_interval.to_json(),
            "rmse_interval": self.rmse_interval.to_json(),
            "r2_interval": self.r2_interval.to_json(),
            "constant_mae": self.constant_mae,
            "constant_rmse": self.constant_rmse,
        }


def target_errors_from_json(value: Mapping[str, Json]) -> TargetErrors:
    """The inverse of ``to_json``; raises ``KeyError`` or ``TypeError`` for another form."""

    def number(key: str) -> float:
        found = value[key]
        if not isinstance(found, int | float):
            raise TypeError(f"{key} is {found!r}")
        return float(found)

    def interval(key: str) -> Interval:
        found = value[key]
        if not isinstance(found, dict):
            raise TypeError(f"{key} is {found!r}")
        return Interval(float(str(found["low"])), float(str(found["high"])), str(found["method"]))

    return TargetErrors(
        str(value["target"]),
        str(value["unit"]),
        int(number("samples")),
        number("mae"),
        number("rmse"),
        number("r2"),
        interval("mae_interval"),
        interval("rmse_interval"),
        interval("r2_interval"),
        number("constant_mae"),
        number("constant_rmse"),
    )
