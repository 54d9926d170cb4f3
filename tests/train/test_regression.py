"""Losses of a regression, its figure of merit, and what is switched off in its training."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from micronas.config import DataConfig
from micronas.data import Dataset, Task, load
from micronas.errors import DataError
from micronas.train.quality import quality, r_squared
from micronas.train.regression import regression_loss

# Distances 0, 0.5 and 3 from the targets; the losses are worked out by hand.
TARGETS = np.array([1.0, 0.0, -1.0], np.float32)
OUTPUTS = np.array([[1.0], [0.5], [2.0]], np.float32)
BY_HAND = {"mse": (0.25 + 9) / 3, "mae": 3.5 / 3, "huber": (0.125 + 2.5) / 3}


@pytest.mark.parametrize("loss", BY_HAND)
def test_losses_in_training_and_validation_are_those_worked_out_by_hand(loss: str) -> None:
    from micronas.train.objectives import regression_objective

    assert regression_loss(loss, OUTPUTS, TARGETS) == pytest.approx(BY_HAND[loss])
    trained = float(regression_objective(loss)(None, TARGETS, OUTPUTS))
    assert trained == pytest.approx(BY_HAND[loss], rel=1e-6)


def test_r2_is_the_share_of_the_variance_that_is_explained() -> None:
    targets = np.array([1.0, 2.0, 3.0, 4.0])
    assert r_squared(targets, targets) == 1.0
    assert r_squared(np.full(4, 2.5), targets) == 0.0
    assert r_squared(np.array([1.0, 2.0, 3.0, 2.0]), targets) == pytest.approx(1 - 4 / 5)
    assert r_squared(targets[::-1], targets) == pytest.approx(-3.0)
    assert r_squared(targets * 1.7 + 9, (targets * 1.7 + 9)) == 1.0


def test_the_figure_of_merit_is_not_below_zero_and_needs_different_targets() -> None:
    x, targets = np.zeros((4, 1, 1, 1), np.float32), np.arange(4, dtype=np.float32)
    assert quality(Task.REGRESS, targets[::-1, np.newaxis], x, targets) == 0.0
    assert quality(Task.REGRESS, targets[:, np.newaxis], x, targets) == 1.0
    with pytest.raises(DataError, match="targets that are all equal"):
        quality(Task.REGRESS, targets[:, np.newaxis], x, np.ones(4, np.float32))


@pytest.fixture(scope="module")
def walking() -> Dataset:
    return load(DataConfig(name="walking_speed"))


def test_inputs_are_not_augmented_because_the_target_would_change(walking: Dataset) -> None:
    from micronas.train.augment import augmentation_of

    assert augmentation_of(walking, 1.0) is None
    assert augmentation_of(replace(walking, task=Task.CLASSIFY), 1.0) is not None


def test_calibration_spans_the_targets(walking: Dataset) -> None:
    targets, x = walking.train.targets, walking.train.x
    assert targets is not None
    chosen = walking.calibration(10, seed=0)
    low, high = walking.input_range
    for extreme in (targets.argmin(), targets.argmax()):
        assert (np.clip(x[extreme], low, high) == chosen).all(axis=(1, 2, 3)).any()
    assert len(np.unique(chosen.reshape(10, -1), axis=0)) == 10
    assert math.isclose(float(walking.learned(walking.train).mean()), 0.0, abs_tol=1e-5)
