"""Rank agreement between two ways of scoring the same networks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def kendall_tau(a: Sequence[float], b: Sequence[float]) -> float:
    """Kendall's tau-b: 1 same order, 0 unrelated, -1 reversed; ties are corrected for.

    0.0 if all values of one side are equal.
    """
    x, y = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if x.shape != y.shape or x.ndim != 1:
        raise ValueError(f"two lists of the same length are needed, not {x.shape} and {y.shape}")
    upper = np.triu_indices(len(x), 1)
    signs_x = np.sign(x[:, None] - x[None, :])[upper]
    signs_y = np.sign(y[:, None] - y[None, :])[upper]
    scale = np.sqrt(np.count_nonzero(signs_x) * np.count_nonzero(signs_y))
    return float((signs_x * signs_y).sum() / scale) if scale else 0.0


def mean_ranks(*scores: Sequence[float]) -> npt.NDArray[np.float64]:
    """One score from several over the same networks: the mean of their ranks, larger is better.

    Scores of different scales (a log-determinant, a log-saliency) cannot be added; their ranks can.
    """
    ranks = [_ranks(np.asarray(s, np.float64)) for s in scores]
    return np.asarray(np.mean(ranks, axis=0), np.float64)


def _ranks(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """0 for the smallest; equal values share the mean of their ranks."""
    less = (values[None, :] < values[:, None]).sum(axis=1)
    equal = (values[None, :] == values[:, None]).sum(axis=1)
    return np.asarray(less + (equal - 1) / 2, np.float64)
