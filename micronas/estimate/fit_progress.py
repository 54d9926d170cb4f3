"""How far a final training is: by its epochs, or by the clock where the time is short."""

from __future__ import annotations

from collections.abc import Callable

PLANNED_SHARE = 0.98
"""Share of the remaining time that epochs are planned to take."""

SPARE_EPOCHS = 0.2
"""Of the time of an epoch, how much is left free, too: speeds differ from one epoch to the next."""

CLOCK_LEAD = 0.05
"""How far, as a share of the training, the clock may be ahead of the epochs before it decides."""


class FitProgress:
    """Progress of a training: by epochs, unless the clock is clearly ahead.

    Call ``advance`` after every few steps. After about an epoch, ``planned`` becomes what fits at the speed
    so far, without the first steps, which compile the network. If not all epochs fit, they are planned again
    after each epoch, so that a training that becomes faster or slower still uses its time; the last one may
    be a part of an epoch. If the time is sufficient, the schedule depends only on epochs, so that the result
    does not depend on the machine's speed. ``used`` returns the share of the time that has passed.
    """

    def __init__(self, epochs: int, steps_per_epoch: int, used: Callable[[], float]) -> None:
        self.planned, self._most, self._steps_per_epoch = float(epochs), epochs, steps_per_epoch
        self._used, self._before = used, used()
        self._compiled: tuple[int, float] | None = None
        self._next_plan: int | None = None
        self.steps = 0

    def advance(self, steps: int) -> None:
        """Count ``steps`` that were trained."""
        self.steps += steps
        if self._compiled is None:
            self._compiled = self.steps, self._used()
            self._next_plan = self.steps + self._steps_per_epoch
        elif self._next_plan is not None and self.steps >= self._next_plan:
            self._plan(self.steps - self._compiled[0], self._used() - self._compiled[1])
            all_fit = self.planned == self._most
            self._next_plan = None if all_fit else self._next_plan + self._steps_per_epoch

    def _plan(self, steps: int, took: float) -> None:
        """As many epochs as fit at this speed, those done included."""
        if took > 0.0:
            left = PLANNED_SHARE * max(0.0, 1.0 - self._used()) * steps / took
            spare = SPARE_EPOCHS * self._steps_per_epoch
            fitting = int(self.steps + max(0.0, left - spare)) / self._steps_per_epoch
            self.planned = min(float(self._most), max(1.0, self.epochs, fitting))

    @property
    def epochs(self) -> float:
        """Epochs done, including the part of the current one."""
        return self.steps / self._steps_per_epoch

    @property
    def share(self) -> float:
        """0..1; 1 ends the training."""
        by_clock = (self._used() - self._before) / max(1.0 - self._before, 1e-9)
        by_epochs = self.epochs / self.planned
        clock_leads = by_clock >= min(1.0, by_epochs + CLOCK_LEAD)
        return min(1.0, by_clock if clock_leads else by_epochs)
