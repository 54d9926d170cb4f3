"""Limits of a supernet's training: a budget of CPU seconds counts those, whatever the wall clock says."""

from __future__ import annotations

import math
import time
from typing import Any

import pytest

from micronas.config import DataConfig
from micronas.data import load
from micronas.errors import TrainError
from micronas.space.mlp import MlpLimits, MlpSpace
from micronas.train.settings import TrainSettings

pytest.importorskip("tensorflow")

from micronas.supernet import fit
from micronas.supernet.dense_region import DenseRegion
from micronas.train.loop import TrainLoop
from micronas.train.time_limit import TimeLimit
from micronas.train.train import STEPS_PER_CALL

REGION = DenseRegion(MlpSpace((8, 8, 1), 10, MlpLimits(1, 2, 4, 8)), 8)
PLAN = TrainSettings(epochs=3, batch_size=8)


class FakeClocks:
    """The clocks of ``time``, which only steps of the loop move."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, wall_s: float, cpu_s: float) -> None:
        self.wall_s = self.cpu_s = 0.0
        self.calls = 0
        real = TrainLoop.steps

        def steps(loop: TrainLoop, order: Any, rates: Any) -> float:
            self.calls += 1
            self.wall_s += wall_s
            self.cpu_s += cpu_s
            return real(loop, order, rates)

        monkeypatch.setattr(TrainLoop, "steps", steps)
        monkeypatch.setattr(time, "monotonic", lambda: self.wall_s)
        monkeypatch.setattr(time, "process_time", lambda: self.cpu_s)


def calls_per_epoch() -> int:
    samples = len(load(DataConfig(name="digits")).train)
    return math.ceil(samples // PLAN.batch_size / STEPS_PER_CALL)


@pytest.mark.parametrize(("wall_s", "cpu_s"), [(100.0, 1.0), (1.0, 100.0)])
def test_only_the_limited_clock_counts(wall_s: float, cpu_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
    data = load(DataConfig(name="digits"))
    FakeClocks(monkeypatch, wall_s, cpu_s)
    limit = TimeLimit(cpu_s=80.0) if cpu_s < wall_s else TimeLimit(wall_s=80.0)
    assert fit.fit_supernet(REGION, data, PLAN, 0, limit).epochs == 3


def test_epochs_are_planned_by_cpu_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    data = load(DataConfig(name="digits"))
    FakeClocks(monkeypatch, 100.0, 1.0)
    # Two calls find out what some steps cost, and enough is left for two epochs and a half.
    steps = len(data.train) // PLAN.batch_size
    limit = TimeLimit(cpu_s=2 + 2.5 * steps / fit.TIMED_STEPS)
    assert fit.fit_supernet(REGION, data, TrainSettings(epochs=9, batch_size=8), 0, limit).epochs == 2


@pytest.mark.parametrize("clock", ["wall_s", "cpu_s"])
def test_a_training_that_became_slow_is_cut_inside_an_epoch(
    clock: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = load(DataConfig(name="digits"))
    assert calls_per_epoch() >= 4
    clocks = FakeClocks(monkeypatch, *((1.0, 0.0) if clock == "wall_s" else (0.0, 1.0)))
    monkeypatch.setattr(fit, "_affordable_epochs", lambda *_: 3)  # too hopeful
    with pytest.raises(TrainError, match="no epoch of the supernet finished"):
        fit.fit_supernet(REGION, data, PLAN, 0, TimeLimit(**{clock: 2 / fit.OVERRUN}))
    assert clocks.calls == 2
