"""A final training within its CPU seconds: what follows it is measured, and epochs are planned around it."""

from __future__ import annotations

import numpy as np
import pytest

from micronas.config import DataConfig
from micronas.estimate.closing import (
    CLOSING_S,
    FILES_EPOCHS,
    REHEARSED,
    STATISTICS_EPOCHS,
    ClosingCost,
    ClosingPlan,
    TrainingTime,
    rehearsed,
)
from micronas.estimate.fit_progress import FitProgress
from micronas.estimate.full import cached_dataset
from micronas.model.net import Conv, Dense, GlobalAveragePool, NetBuilder, SoftmaxLayer
from micronas.train.time_limit import Stopwatch, TimeLimit

STEPS, CALL = 150, 25


class Clock(Stopwatch):
    """CPU seconds that a test sets; no time passes on the wall."""

    def __init__(self) -> None:
        self.spent_s = 0.0

    @property
    def wall_s(self) -> float:
        return 0.0

    @property
    def cpu_s(self) -> float:
        return self.spent_s


class Training:
    """A final training on a clock: the first call also compiles, ``slower`` is the factor from half of it."""

    def __init__(self, limit_s: float, epoch_s: float, cost: ClosingCost, slower: float = 1.0) -> None:
        self.clock, self.cost = Clock(), cost
        self.limit_s, self.epoch_s, self.slower = limit_s, epoch_s, slower
        self.time = TrainingTime(TimeLimit(cpu_s=limit_s), self.clock)
        self.plan = ClosingPlan(self.time, self.measure, samples=2000)
        self.progress = FitProgress(100_000, STEPS, self.time.used)

    def measure(self) -> ClosingCost:
        self.clock.spent_s += self.cost.conversion_s + REHEARSED * self.cost.sample_s
        return self.cost

    def run(self) -> float:
        """All CPU seconds, with what follows."""
        while self.progress.share < 1.0:
            begun_s, done = self.clock.spent_s, 0
            while done < STEPS and self.progress.share < 1.0:
                compiling_s = 0.0 if self.progress.steps else 1.0
                speed = self.slower if self.clock.spent_s > self.limit_s / 2 else 1.0
                self.clock.spent_s += compiling_s + speed * self.epoch_s * CALL / STEPS
                self.progress.advance(CALL)
                done += CALL
            if done == STEPS:
                self.plan(self.clock.spent_s - begun_s)
        epochs = (STATISTICS_EPOCHS + FILES_EPOCHS) * self.slower * self.epoch_s
        return self.clock.spent_s + self.cost.conversion_s + 2000 * self.cost.sample_s + 1.0 + epochs


@pytest.mark.parametrize("limit_s", [50.0, 110.0, 350.0])
@pytest.mark.parametrize("epoch_s", [0.1, 1.7, 4.3])
@pytest.mark.parametrize("sample_s", [0.0001, 0.0008, 0.002])
def test_the_time_is_kept_and_used(limit_s: float, epoch_s: float, sample_s: float) -> None:
    """Within 1 % over; at most 3 % is left, and half of an epoch where that is longer."""
    training = Training(limit_s, epoch_s, ClosingCost(0.3, sample_s))
    spent_s = training.run()
    assert spent_s <= 1.01 * limit_s
    assert spent_s >= limit_s - max(0.03 * limit_s, 0.5 * epoch_s)
    assert training.progress.epochs >= training.progress.planned, "not cut"


def test_a_machine_that_becomes_slower_costs_epochs_and_no_time() -> None:
    training = Training(350.0, 4.3, ClosingCost(0.3, 0.0008), slower=1.5)
    assert 0.97 * 350 <= training.run() <= 1.01 * 350
    steady = Training(350.0, 4.3, ClosingCost(0.3, 0.0008))
    steady.run()
    assert training.progress.epochs < steady.progress.epochs


def test_fixed_seconds_are_kept_until_the_first_epoch_and_half_of_the_time_at_least_is_for_training() -> None:
    time_left = TrainingTime(TimeLimit(wall_s=30.0, cpu_s=20.0), Clock())
    assert time_left.limit == TimeLimit(30.0 - CLOSING_S, 20.0 - CLOSING_S)
    plan = ClosingPlan(time_left, lambda: ClosingCost(0.5, 0.001), samples=1000)
    plan(2.0)
    both = STATISTICS_EPOCHS + FILES_EPOCHS
    assert time_left.limit.cpu_s == pytest.approx(20 - 0.5 - 1.0 - both * 2.0)
    plan(1.5)  # so half a second of the first one was compiling
    assert time_left.limit == TimeLimit(30.0 - CLOSING_S, pytest.approx(20 - 0.5 - 1.0 - 0.5 - both * 1.5))
    time_left.keep(19.0)
    assert time_left.limit.cpu_s == 10.0


def test_a_network_that_cannot_be_quantized_yet_keeps_the_fixed_seconds() -> None:
    time_left = TrainingTime(TimeLimit(cpu_s=20.0), Clock())
    plan = ClosingPlan(time_left, lambda: None, samples=1000)
    plan(2.0)
    assert time_left.limit.cpu_s == 20.0 - CLOSING_S


def test_a_rehearsal_measures_conversion_and_score_and_leaves_the_network_as_it_is() -> None:
    pytest.importorskip("tensorflow")
    from micronas.train.tf_model import TfModel

    dataset = cached_dataset(DataConfig(name="digits"))
    layers = (Conv(4, 3, 3, 2, 2), GlobalAveragePool(), Dense(10), SoftmaxLayer())
    net = NetBuilder((8, 8, 1)).chain(*layers).build()
    model = TfModel(net, 0)
    before = [np.array(one) for one in (model.parameters, model.statistics)]
    times = iter([10.0, 10.5, 11.5])
    found = rehearsed(model, net, dataset, 50, 0, lambda: next(times))
    assert found == ClosingCost(0.5, 1.0 / REHEARSED)
    after = [np.array(one) for one in (model.parameters, model.statistics)]
    assert all((a == b).all() for a, b in zip(before, after, strict=True))
