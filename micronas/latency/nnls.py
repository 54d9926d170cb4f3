"""Non-negative least squares from the normal equations.

The active-set method of Lawson and Hanson ("Solving Least Squares Problems", 1974, chapter 23) in the form
of Bro and de Jong ("A fast non-negativity-constrained least squares algorithm", J. Chemometrics 1997),
which needs only A^T A and A^T b. Those are sums over rows, so leaving some rows out is a subtraction: that
is what makes leave-one-out over all networks of a run cheap.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Vector: TypeAlias = npt.NDArray[np.float64]

_RIDGE = 1e-10
"""Relative to the diagonal: keeps features that always occur together from making the equations singular."""


def nnls(gram: Vector, moment: Vector) -> Vector:
    """x >= 0 that minimises |A x - b|, given ``gram`` = A^T A (n, n) and ``moment`` = A^T b (n,)."""
    scale = np.sqrt(np.maximum(np.diag(gram), 0.0))
    scale[scale == 0] = 1.0
    gram = gram / np.outer(scale, scale) + _RIDGE * np.eye(len(scale))
    prices: Vector = _solve(gram, moment / scale) / scale
    return prices


def _solve(gram: Vector, moment: Vector) -> Vector:
    size = len(moment)
    x, free = np.zeros(size), np.zeros(size, bool)
    tolerance = 1e-12 * max(1.0, float(np.abs(moment).max(initial=0.0)))
    for _ in range(10 * size):
        gradient = moment - gram @ x
        gradient[free] = -np.inf
        best = int(gradient.argmax())
        if gradient[best] <= tolerance:
            break
        free[best] = True
        x = _inside(gram, moment, x, free)
    return x


def _inside(gram: Vector, moment: Vector, x: Vector, free: npt.NDArray[np.bool_]) -> Vector:
    """Solve on the ``free`` variables; those that would turn negative are bound to 0 again (in place)."""
    while True:
        wanted = np.zeros(len(x))
        wanted[free] = np.linalg.solve(gram[np.ix_(free, free)], moment[free])
        negative = free & (wanted <= 0)
        if not negative.any():
            return wanted
        step = float(np.min(x[negative] / np.maximum(x[negative] - wanted[negative], 1e-300)))
        x = x + step * (wanted - x)
        free &= x > 1e-14
        x[~free] = 0.0
