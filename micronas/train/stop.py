"""Rules that end a training before its last epoch, based on earlier trainings of the run.

A rule is a pure function of the curves (validation accuracy after each epoch) that were known when the trial
was proposed, so a resumed run stops where the uninterrupted one did. A one-cycle schedule bends every curve,
so a curve is compared with others at the same epoch and never extrapolated on its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Curve: TypeAlias = tuple[float, ...]
"""Validation accuracy (0..1) after each epoch."""

Vector: TypeAlias = npt.NDArray[np.float64]

StopRule: TypeAlias = Callable[[Curve], str]
"""The curve so far -> reason to stop, or the empty string."""


def never(_curve: Curve) -> str:
    """Never stops a training."""
    return ""


@dataclass(frozen=True)
class CurveStop:
    """Stops a training whose final accuracy is predicted to stay below ``target``.

    ``curves`` are complete trainings. After epoch e, a linear regression fitted on them predicts the final
    accuracy from the accuracy after e; ``margin`` residual standard deviations are added (as in Domhan et al.
    2015, with a regression over runs instead of their curve families).
    """

    curves: tuple[Curve, ...]
    target: float
    margin: float = 2.0
    min_epochs: int = 2
    min_curves: int = 8

    def __call__(self, curve: Curve) -> str:
        """See ``StopRule``."""
        epoch = len(curve)
        known = [c for c in self.curves if len(c) > epoch]
        if epoch < self.min_epochs or len(known) < self.min_curves:
            return ""
        now = np.array([c[epoch - 1] for c in known])
        final = np.array([max(c) for c in known])
        predicted, deviation = _regression(now, final, curve[-1])
        # The prediction is at least the accuracy reached so far, because the best epoch's weights are kept.
        hoped = max(predicted + self.margin * deviation, max(curve))
        if hoped >= self.target:
            return ""
        return f"{curve[-1]:.3f} after epoch {epoch} predicts {hoped:.3f} at best, under {self.target:.3f}"


@dataclass(frozen=True)
class HalvingStop:
    """Asynchronous successive halving, stopping form (ASHA, Li et al. 2020).

    At each rung (a number of epochs) a training continues only if its accuracy is among the best 1/``eta`` of
    all that reached the rung, itself included. The first ``eta`` - 1 to arrive always continue.
    """

    curves: tuple[Curve, ...]
    rungs: tuple[int, ...] = (2, 4)
    eta: int = 2

    def __call__(self, curve: Curve) -> str:
        """See ``StopRule``."""
        rung = len(curve)
        if rung not in self.rungs:
            return ""
        rivals = [c[rung - 1] for c in self.curves if len(c) >= rung]
        better = sum(rival > curve[-1] for rival in rivals)
        places = -(-(len(rivals) + 1) // self.eta)
        if better < places:
            return ""
        return f"{curve[-1]:.3f} after epoch {rung} ranks {better + 1} of {len(rivals) + 1}"


def stop_rule(estimator: str, curves: tuple[Curve, ...]) -> StopRule:
    """The rule of an estimator by its name in the configuration, given the run's earlier ``curves``.

    ``short`` targets the best quarter of the complete trainings, because weaker networks do not become
    parents. ``train`` never stops.
    """
    if estimator == "halving":
        return HalvingStop(curves)
    if estimator == "short" and curves:
        longest = max(len(curve) for curve in curves)
        complete = tuple(curve for curve in curves if len(curve) == longest)
        return CurveStop(complete, target=float(np.quantile([max(c) for c in complete], 0.75)))
    return never


def _regression(x: Vector, y: Vector, at: float) -> tuple[float, float]:
    """Least-squares line through (x, y) evaluated at ``at``, and the standard deviation of its prediction."""
    centre, spread = x.mean(), ((x - x.mean()) ** 2).sum()
    if spread < 1e-12:
        return float(y.mean()), float(y.std(ddof=1))
    # A worse start does not predict a better end: a negative slope is chance.
    slope = max(0.0, float(((x - centre) * (y - y.mean())).sum() / spread))
    residuals = y - y.mean() - slope * (x - centre)
    variance = (residuals**2).sum() / (len(x) - 2)
    deviation = np.sqrt(variance * (1 + 1 / len(x) + (at - centre) ** 2 / spread))
    return float(y.mean() + slope * (at - centre)), float(deviation)
