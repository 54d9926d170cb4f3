"""What the output of a regression network means: a physical quantity, its unit, and how to get there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from micronas.trial import Json

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class RegressionTarget:
    """The quantity ``name`` in ``unit`` (empty if not stated).

    A network learns and returns (target - ``mean``) / ``spread``: mean and standard deviation of the training
    targets. An output that was left in the unit would waste int8 steps on the distance of the mean from zero.
    """

    name: str
    unit: str
    mean: float
    spread: float

    def __str__(self) -> str:
        return f"{self.name} in {self.unit}" if self.unit else self.name

    def learned(self, targets: Values) -> npt.NDArray[np.float32]:
        """What a network should return for ``targets`` (N,) in the unit, float32 (N,)."""
        return ((targets - self.mean) / self.spread).astype(np.float32)

    def in_unit(self, outputs: npt.NDArray[np.generic]) -> Values:
        """Outputs of a network, (N,) or (N, 1), in the unit: float64 (N,)."""
        return outputs.reshape(len(outputs)).astype(np.float64) * self.spread + self.mean

    def with_unit(self, value: float) -> str:
        """``3.21 km/h``."""
        return f"{value:.4g} {self.unit}".rstrip()

    def to_json(self) -> dict[str, Json]:
        """The object ``target`` of ``front_end.json``."""
        return {"name": self.name, "unit": self.unit, "mean": self.mean, "spread": self.spread}


def target_from_json(value: Mapping[str, Json]) -> RegressionTarget:
    """The inverse of ``to_json``; raises ``KeyError``, ``TypeError`` or ``ValueError`` for anything else."""
    mean, spread = value["mean"], value["spread"]
    if not isinstance(mean, int | float) or not isinstance(spread, int | float):
        raise TypeError(f"target is {value!r}")
    return RegressionTarget(str(value["name"]), str(value["unit"]), float(mean), float(spread))
