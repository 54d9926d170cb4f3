"""When a bilevel search must stop, before its cells collapse into skip connections."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def eigenvalue_jumped(eigenvalues: Sequence[float], growth: float, window: int) -> bool:
    """Whether the mean magnitude of the last ``window`` values is ``growth`` times that one window earlier.

    Magnitudes, because early in a search the loss is rarely convex in the edge weights: the dominant
    eigenvalue is then negative.

    A sharp minimum of the validation loss in the edge weights does not survive discretisation, and the
    dominant eigenvalue of its Hessian shows when one forms (Zela et al. 2020, early stopping).
    """
    if len(eigenvalues) < 2 * window:
        return False
    before = float(np.mean(np.abs(eigenvalues[-2 * window : -window])))
    return before > 0.0 and float(np.mean(np.abs(eigenvalues[-window:]))) > growth * before
