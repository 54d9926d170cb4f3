"""Sensors with three axes, as ``data.triads`` declares them."""

from __future__ import annotations

import numpy as np

from micronas.data.dataset import DataKind, Triad
from micronas.data.normalise import MEAN, SPREAD
from micronas.data.samples import Samples
from micronas.errors import DataError


def triads_of(samples: Samples, declared: tuple[tuple[int, int, int], ...]) -> tuple[Triad, ...]:
    """The declared sensors with the normalisation of ``samples``; raises ``DataError`` for what cannot be."""
    if not declared:
        return ()
    if samples.kind is not DataKind.STREAM:
        raise DataError(
            f"data.triads is for streams, and the inputs are of kind {samples.kind.value}",
            remedy="leave data.triads out",
        )
    channels = samples.x.shape[-1]
    used = [channel for triad in declared for channel in triad]
    if max(used) >= channels or len(set(used)) < len(used):
        raise DataError(
            f"data.triads names channels {used}, but each must be one of 0 to {channels - 1} and named once",
            remedy="give the three channels of each sensor, for example [[0, 1, 2]]",
            settings=("data.triads",),
        )
    mean, spread = (_per_channel(samples, name, default) for name, default in ((MEAN, 0.0), (SPREAD, 1.0)))
    return tuple(Triad(one, tuple(mean[c] for c in one), tuple(spread[c] for c in one)) for one in declared)


def _per_channel(samples: Samples, name: str, default: float) -> list[float]:
    given = np.asarray(samples.front_end.parameters.get(name, default), np.float64)
    return [float(v) for v in np.broadcast_to(given, (samples.x.shape[-1],))]
