"""Expected hypervolume improvement if all objectives except the error are known in advance.

The volume between a front and the reference is an integral over the space of the known objectives ("costs"):
at each point, the distance between the reference and the lowest error that a network attains at no more cost.
A new network lowers this "attained error" to its own at all points above its costs. Its expected improvement
is therefore the integral of the expected improvement of its error over the attained one, over the box of
costs above its own. This is exact, because the attained error is constant between the costs of the front, and
needs no sampling. (Emmerich, Giannakoglou and Naujoks 2006 define the measure, for unknown objectives.)
"""

from __future__ import annotations

from functools import reduce

import numpy as np
import numpy.typing as npt

from micronas.strategy.predictor.expected_improvement import expected_improvement

Vector = npt.NDArray[np.float64]


class AttainedError:
    """The lowest error at no more than given costs; ``costs`` (networks, objectives), where 1 is the limit.

    ``error_limit`` is the reference: the error of a useless network.
    """

    def __init__(self, costs: Vector, errors: Vector, error_limit: float) -> None:
        useful = (costs < 1.0).all(axis=1) & (errors < error_limit)
        costs, errors = costs[useful], errors[useful]
        # Cell i of an objective reaches from its i-th edge to the next; the first starts at zero cost.
        self._edges = [np.array([0.0, *np.unique(column), 1.0]) for column in costs.T]
        self._error_limit = error_limit
        attained = np.full([len(edges) - 1 for edges in self._edges], error_limit)
        pairs = zip(self._edges, costs.T, strict=True)
        np.minimum.at(attained, tuple(np.searchsorted(edges[:-1], column) for edges, column in pairs), errors)
        for axis in range(attained.ndim):
            attained = np.minimum.accumulate(attained, axis=axis)
        self._levels, self._level_of = np.unique(attained, return_inverse=True)
        self._level_of = self._level_of.reshape(attained.shape)

    def expected_hypervolume_improvement(self, costs: Vector, log_mean: Vector, log_spread: Vector) -> Vector:
        """Expected share of the box that a network would add to the front's volume.

        ``costs`` (networks, objectives); mean and spread are of the natural logarithm of each one's error.
        """
        shortfalls = expected_improvement(self._levels, log_mean[:, None], log_spread[:, None])
        gains = [self._over(point, own) for point, own in zip(costs, shortfalls, strict=True)]
        return np.array(gains) / self._error_limit

    def _over(self, point: Vector, shortfalls: Vector) -> float:
        """The integral of the expected improvement over the costs above ``point``."""
        lengths = [
            np.maximum(edges[1:] - np.maximum(edges[:-1], cost), 0.0)
            for edges, cost in zip(self._edges, point, strict=True)
        ]
        cells = shortfalls[self._level_of]
        return float(reduce(lambda volume, length: volume @ length, reversed(lengths), cells))
