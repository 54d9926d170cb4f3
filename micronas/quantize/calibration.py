"""Checks of calibration data, before it can silently spoil a conversion.

From an empty or all-NaN set the converter makes a float file, and one outlier ruins every scale. A set in
another range than the training data gives a network with random predictions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from micronas.errors import QuantizeError, plural

_OUTLIER_SPANS = 50.0
"""Maximum ratio of the full span to the span of 99.8 % of the values."""

_MARGIN = 0.05
"""Share of the training range by which calibration data may exceed it."""

_MIN_COVER = 0.1
"""Share of the training range that calibration data must span."""

_REMEDY = "calibrate with 50 to 200 samples of the training split, prepared exactly as for training"


def check_calibration(
    samples: npt.NDArray[Any],
    input_shape: tuple[int, ...],
    labels: npt.NDArray[Any] | None = None,
    input_range: tuple[float, float] | None = None,
) -> npt.NDArray[np.float32]:
    """``samples`` as contiguous float32, or ``QuantizeError`` that states what is wrong with them."""
    _check_form(samples, input_shape)
    _check_values(samples)
    if labels is not None:
        _check_labels(labels, len(samples))
    if input_range is not None:
        _check_range(samples, input_range)
    return np.ascontiguousarray(samples, np.float32)


def _refusal(what: str) -> QuantizeError:
    return QuantizeError(f"calibration data: {what}", remedy=_REMEDY)


def _check_form(samples: object, input_shape: tuple[int, ...]) -> None:
    if not isinstance(samples, np.ndarray):
        raise _refusal(f"a {type(samples).__name__}, not a NumPy array")
    if samples.dtype not in (np.float32, np.float64):
        raise _refusal(f"dtype {samples.dtype}, not float32: raw values, not in the model's range")
    if samples.ndim != len(input_shape) + 1:
        raise _refusal(f"rank {samples.ndim}, not {len(input_shape) + 1}: (samples, {_dims(input_shape)})")
    if samples.shape[1:] != input_shape:
        raise _refusal(f"samples of shape ({_dims(samples.shape[1:])}), not ({_dims(input_shape)})")
    if len(samples) == 0:
        raise _refusal("empty")
    if len(samples) == 1:
        raise _refusal("a single sample does not give a range")


def _check_values(samples: npt.NDArray[Any]) -> None:
    bad = int(np.count_nonzero(~np.isfinite(samples)))
    if bad:
        raise _refusal(f"{bad} of {plural(samples.size, 'value')} NaN or infinite")
    low, high = float(samples.min()), float(samples.max())
    if low == high:
        raise _refusal(f"constant, every value is {low:g}")
    if (samples == samples[0]).all():
        raise _refusal(f"all {len(samples)} samples are the same")
    inner_low, inner_high = np.percentile(samples, (0.1, 99.9))
    if 0 < (inner_high - inner_low) * _OUTLIER_SPANS < high - low:
        raise _refusal(
            f"an outlier: values span {low:g} to {high:g}, but 99.8 % of them {inner_low:g} to {inner_high:g}"
        )


def _check_labels(labels: npt.NDArray[Any], count: int) -> None:
    if len(labels) != count:
        raise _refusal(f"{plural(count, 'sample')}, but {plural(len(labels), 'label')}")
    if len(np.unique(labels)) == 1:
        raise _refusal(f"only one class ({labels[0]})")


def _check_range(samples: npt.NDArray[Any], input_range: tuple[float, float]) -> None:
    low, high = input_range
    margin = _MARGIN * (high - low)
    found_low, found_high = float(samples.min()), float(samples.max())
    found = f"values span {found_low:g} to {found_high:g}, the training data {low:g} to {high:g}"
    if found_low < low - margin or found_high > high + margin:
        raise _refusal(f"outside the training range: {found}")
    if found_high - found_low < _MIN_COVER * (high - low):
        raise _refusal(f"far narrower than the training range: {found}")


def _dims(shape: tuple[int, ...]) -> str:
    return ", ".join(str(d) for d in shape)
