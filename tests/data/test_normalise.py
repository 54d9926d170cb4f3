"""Normalisation per channel: by the training part, robust to outliers, and free on the device."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from micronas.data import DataKind, FrontEnd
from micronas.data.normalise import channels_of, input_scaling, normalised, should_normalise
from micronas.data.samples import Samples

TRAINED = np.zeros(400, np.int64)


def samples(x: np.ndarray, kind: DataKind = DataKind.STREAM) -> Samples:  # type: ignore[type-arg]
    y = np.arange(len(x)) % 2
    return Samples("toy", kind, x.astype(np.float32), y, ("a", "b"), None, FrontEnd("scale", 1, {"scale": 1}))


def motion(seed: int = 0) -> np.ndarray:  # type: ignore[type-arg]
    """Acceleration of about 1 g and angular rate of about 100 degrees per second, (400, 32, 1, 2)."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal((400, 32, 1, 2)) * [1.0, 100.0] + [1000.0, 0.0]


def test_units_and_offsets_of_channels_leave_no_trace() -> None:
    before = motion()
    shifted = normalised(samples(before * [1.0, 1000.0] + [0.0, 5e4]), TRAINED)
    assert np.abs(shifted.x - normalised(samples(before), TRAINED).x).max() < 1e-3
    assert shifted.x.std(axis=(0, 1, 2)) == pytest.approx(0.25, abs=0.001)
    assert shifted.x.mean(axis=(0, 1, 2)) == pytest.approx(0, abs=0.001)


def test_only_the_training_part_decides() -> None:
    x, part = motion(), np.repeat([0, 2], 200)
    spoilt = x.copy()
    spoilt[200:] *= 100
    assert np.array_equal(normalised(samples(x), part).x[:200], normalised(samples(spoilt), part).x[:200])


def test_a_glitch_in_every_window_changes_little() -> None:
    clean, spoilt = motion(), motion()
    spoilt[:, 7 % 32, 0, 1] = np.where(np.arange(400) % 4, spoilt[:, 7, 0, 1], 1e6)
    assert channels_of(spoilt).spread == pytest.approx(channels_of(clean).spread, rel=0.25)
    assert np.std(spoilt[..., 1]) > 100 * np.std(clean[..., 1])


def test_a_channel_that_never_changes_becomes_zero() -> None:
    x = motion()
    x[..., 0] = 7.0
    assert not normalised(samples(x), TRAINED).x[..., 0].any()


@pytest.mark.parametrize(
    ("kind", "factor", "stated", "demanded", "expected"),
    [
        (DataKind.STREAM, 1, None, None, True),
        (DataKind.STREAM, 1, None, False, False),
        (DataKind.STREAM, 1, (0.0, 1.0), None, False),
        (DataKind.IMAGE, 1, None, None, False),
        (DataKind.IMAGE, 10, None, None, True),
        (DataKind.IMAGE, 1, None, True, True),
    ],
)
def test_streams_and_uneven_channels_are_normalised_unless_the_source_says_otherwise(
    kind: DataKind,
    factor: float,
    stated: tuple[float, float] | None,
    demanded: bool | None,
    expected: bool,
) -> None:
    x = np.random.default_rng(0).random((400, 8, 1, 2)) * [1.0, factor]
    given = replace(samples(x, kind), input_range=stated, normalise=demanded)
    assert should_normalise(given, TRAINED) is expected


def test_the_device_converts_with_one_factor_and_offset_per_channel() -> None:
    raw = motion()
    found = normalised(samples(raw), TRAINED)
    scale, zero_point = 1 / 96, -3
    gains, offsets = input_scaling(found.front_end, 2, scale, zero_point)
    on_device = np.clip(np.round(raw * gains + offsets), -128, 127)
    expected = np.clip(np.round(found.x / scale) + zero_point, -128, 127)
    assert np.abs(on_device - expected).max() <= 1  # float32 against float64 at a tie
    assert np.mean(on_device != expected) < 0.01


def test_without_normalisation_all_channels_share_scale_and_zero_point() -> None:
    assert input_scaling(FrontEnd("none", 1), 2, 0.5, 4) == ((2.0, 2.0), (4.0, 4.0))
