"""Near-duplicates across splits: the same photo saved twice, or two windows that overlap.

Distances are compared after a random projection, which keeps them roughly (Johnson & Lindenstrauss 1984), so
that all pairs of thousands of samples take seconds; pairs that look close are then compared in full.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from micronas.data.dataset import DataKind, Labels
from micronas.data.samples import Samples
from micronas.data.split import TEST, TRAIN, VALIDATION

CLOSE = 0.05
"""Distance of a near-duplicate, as a share of the sample's own deviation from its mean."""
MOST_SAMPLES = 20_000
"""More samples than this are compared in part, evenly taken."""
_DIMENSIONS, _SLACK, _CHUNK = 48, 2.5, 512

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class NearCopies:
    """Pairs of nearly equal samples in two splits, and how many samples were compared."""

    pairs: tuple[tuple[int, int], ...]
    compared: int


def near_copies(samples: Samples, part: Labels) -> NearCopies:
    """For each validation sample the nearest training sample, and for each test sample the nearest of both
    other splits, if they are near-duplicates.

    Exact copies are left out: ``copies.py`` finds those.
    """
    step = -(-len(samples.y) // MOST_SAMPLES)
    chosen = np.arange(0, len(samples.y), step)
    flat = _centred(samples.x[chosen], samples.kind).reshape(len(chosen), -1)
    norms = np.linalg.norm(flat, axis=1)
    useful = norms > 1e-6 * max(1.0, float(np.abs(samples.x).max()))
    short, parts = _projected(flat), part[chosen]
    pairs = []
    for of, earlier in ((VALIDATION, (TRAIN,)), (TEST, (TRAIN, VALIDATION))):
        others = np.flatnonzero((parts == of) & useful)
        known = np.flatnonzero(np.isin(parts, earlier) & useful)
        for start in range(0, len(others) if len(known) else 0, _CHUNK):
            block = others[start : start + _CHUNK]
            nearest, distance = _nearest(short[block], short[known])
            close = distance < _SLACK * CLOSE * norms[block]
            for other, near in zip(block[close], known[nearest[close]], strict=True):
                exact = float(np.linalg.norm(flat[other] - flat[near]))
                if 0 < exact < CLOSE * norms[other]:
                    pairs.append((int(chosen[near]), int(chosen[other])))
    return NearCopies(tuple(pairs), len(chosen))


def _centred(x: Floats, kind: DataKind) -> Floats:
    """Without the mean of each sample, or of each channel of a stream: two windows of a sensor at rest have
    the same gravity, which does not make them copies.
    """
    axes = (1, 2) if kind is DataKind.STREAM else (1, 2, 3)
    return np.asarray(x - x.mean(axis=axes, keepdims=True), np.float32)


def _projected(flat: Floats) -> Floats:
    """(N, values) -> (N, dimensions) with about the same distances; always the same projection."""
    size = flat.shape[1]
    if size <= _DIMENSIONS:
        return flat
    matrix = np.random.default_rng(0).standard_normal((size, _DIMENSIONS)).astype(np.float32)
    return flat @ (matrix / np.float32(np.sqrt(_DIMENSIONS)))


def _nearest(queries: Floats, points: Floats) -> tuple[npt.NDArray[np.int64], Floats]:
    """Number and distance of the nearest of ``points`` for each of ``queries``."""
    squares = (queries**2).sum(1)[:, None] - 2 * queries @ points.T + (points**2).sum(1)[None, :]
    nearest = squares.argmin(axis=1)
    closest = queries - points[nearest]  # again without the cancellation of the squares
    return nearest, np.linalg.norm(closest, axis=1).astype(np.float32)
