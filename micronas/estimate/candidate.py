"""User-defined estimators: ``estimator.name: module:name``, or ``estimator=`` of the Python API.

An estimator is called with a ``Candidate`` and returns an ``Estimate``. It decides how often, how long and on
what the candidate is trained; ``Candidate.train`` is what the shipped estimators do.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from micronas.config import DataConfig
from micronas.errors import TrainError
from micronas.estimate.full import Estimate, estimate
from micronas.host.plugin import Part, find, short_name
from micronas.model.net import Net
from micronas.train.settings import TrainSettings
from micronas.train.stop import Curve, StopRule, never
from micronas.train.time_limit import TimeLimit


@dataclass(frozen=True, eq=False)
class Candidate:
    """A network to evaluate, and what is known when it is proposed.

    ``curves`` are the qualities after each epoch (0..1) of earlier trials. An estimator may depend on these
    fields and on nothing else, so that a resumed run gives the same trials. ``limit`` holds for all trainings
    of the candidate together, from when the candidate was made.
    """

    net: Net
    data: DataConfig
    settings: TrainSettings
    seed: int
    limit: TimeLimit
    calibration_samples: int
    curves: tuple[Curve, ...] = ()
    _start: tuple[float, float] = field(default_factory=lambda: (time.monotonic(), time.process_time()))

    def train(
        self, *, epochs: int | None = None, seed: int | None = None, stop: StopRule = never
    ) -> Estimate:
        """Train, quantize to int8 and score on validation data.

        ``epochs`` and ``seed`` replace those of the configuration. ``stop`` is called with the qualities so
        far after each epoch; it returns the reason to stop, or "". Raises ``TrainError`` and
        ``QuantizeError``, which make the trial a failed one.
        """
        settings = self.settings if epochs is None else replace(self.settings, epochs=epochs)
        return estimate(
            self.net,
            self.data,
            settings,
            self.seed if seed is None else seed,
            self._left(),
            calibration_samples=self.calibration_samples,
            stop=stop,
        )

    def cpu_s(self) -> float:
        """CPU time since the candidate was made, in seconds."""
        return time.process_time() - self._start[1]

    def _left(self) -> TimeLimit:
        passed = time.monotonic() - self._start[0]
        return TimeLimit(max(0.0, self.limit.wall_s - passed), max(0.0, self.limit.cpu_s - self.cpu_s()))


Estimator: TypeAlias = Callable[[Candidate], Estimate]


def estimate_by(name: str, candidate: Candidate) -> Estimate:
    """The result of the user's estimator ``name``, with the CPU time of all that it did.

    Raises ``TrainError`` if it returned something else than an ``Estimate`` with a quality from 0 to 1.
    """
    own: Estimator = find(name, Part.ESTIMATOR)
    result = own(candidate)
    if not isinstance(result, Estimate):
        raise TrainError(
            f"estimator {short_name(name)} returned a {type(result).__name__}",
            remedy="return what candidate.train() returned, changed by dataclasses.replace if necessary",
        )
    if not 0.0 <= result.quality_int8 <= 1.0:  # also catches NaN
        raise TrainError(
            f"estimator {short_name(name)} returned quality_int8 {result.quality_int8}",
            remedy="return a number from 0 to 1",
        )
    return replace(result, cpu_s=candidate.cpu_s())
