"""A Gaussian process around a power law, averaged over its scales (Rasmussen and Williams 2006, ch. 2 and 5).

    y = constant + slopes . sizes + f(features) + noise

``y`` is a logarithm (of an error, of milliseconds) and ``sizes`` are logarithms, so the first two terms are a
power law with roughly known slopes. ``f`` is the residual: a Gaussian process with a Matern 5/2 kernel on
standardised features. The kernel's length, its amplitude and the noise take values on a small grid, and
predictions are averaged with their marginal likelihoods as weights. With only a few networks, the power law
dominates and the spread stays realistic.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]

_CONSTANT_SD = 0.3
_MIN_WEIGHT = 0.01
"""Scales with less than this share of the weight are left out."""


@dataclass(frozen=True)
class Prior:
    """The prior; ``slopes`` belong to the feature ``columns``, per unit of each."""

    columns: tuple[int, ...]
    slopes: tuple[float, ...]
    slope_sd: float
    amplitudes: tuple[float, ...]
    noises: tuple[float, ...]
    lengths: tuple[float, ...] = (1.0, 2.0, 4.0)


@dataclass(frozen=True)
class Scaling:
    """Mean and standard deviation of each feature over the space, fixed before any observation."""

    mean: Vector
    spread: Vector

    @staticmethod
    def of(sample: Vector) -> Scaling:
        """From a sample (networks, features); a constant feature is not scaled."""
        spread = sample.std(axis=0)
        return Scaling(sample.mean(axis=0), np.where(spread > 1e-9, spread, 1.0))

    def apply(self, x: Vector) -> Vector:
        """Standardised features."""
        return (x - self.mean) / self.spread


@dataclass(frozen=True)
class Posterior:
    """Means and standard deviations, one per network; ``noise`` is the additional deviation of one
    observation.
    """

    mean: Vector
    spread: Vector
    noise: float

    @property
    def observed_spread(self) -> Vector:
        """Standard deviation of an observation."""
        return np.asarray(np.sqrt(self.spread**2 + self.noise**2), np.float64)


@dataclass(frozen=True, eq=False)
class _Fit:
    """The process with one set of scales.

    ``values`` and ``vectors`` are the eigenvalues of the data's covariance, noise included, and its
    eigenvectors, so that its inverse is a division; ``weights`` is that inverse times the data.
    """

    length: float
    amplitude: float
    noise: float
    values: Vector
    vectors: Vector
    weights: Vector
    log_evidence: float


class GaussianProcess:
    """The posterior given networks ``x`` (networks, features) and ``y`` (networks,); at least one of them."""

    def __init__(self, prior: Prior, scaling: Scaling, x: Vector, y: Vector) -> None:
        self._prior, self._scaling = prior, scaling
        self._z, self._sizes = scaling.apply(x), self._sizes_of(x)
        rest = y - self._sizes @ np.array(prior.slopes)
        self._constant = float(rest.mean())
        fits = list(self._fits(rest - self._constant))
        evidence = np.array([fit.log_evidence for fit in fits])
        weights = np.exp(evidence - evidence.max())
        weights /= weights.sum()
        kept = weights >= _MIN_WEIGHT
        self._fitted = [fit for fit, keep in zip(fits, kept, strict=True) if keep]
        self._weights = weights[kept] / weights[kept].sum()

    def predict(self, x: Vector) -> Posterior:
        """The prediction for other networks (networks, features)."""
        z, sizes = self._scaling.apply(x), self._sizes_of(x)
        law = self._law(sizes, self._sizes)
        law_variance = self._prior.slope_sd**2 * (sizes**2).sum(axis=1) + _CONSTANT_SD**2
        distances = _distances(z, self._z)
        means, variances = [], []
        for fit in self._fitted:
            kernel = law + fit.amplitude**2 * _matern(distances / fit.length)
            means.append(kernel @ fit.weights)
            explained = ((kernel @ fit.vectors) ** 2 / fit.values).sum(axis=1)
            variances.append(np.maximum(law_variance + fit.amplitude**2 - explained, 1e-10))
        mean = self._weights @ np.array(means)
        second = self._weights @ (np.array(variances) + np.array(means) ** 2)
        noise = float(np.sqrt(self._weights @ np.array([fit.noise**2 for fit in self._fitted])))
        known = self._constant + sizes @ np.array(self._prior.slopes)
        return Posterior(known + mean, np.sqrt(np.maximum(second - mean**2, 1e-10)), noise)

    def _fits(self, rest: Vector) -> Iterator[_Fit]:
        law = self._law(self._sizes, self._sizes)
        distances = _distances(self._z, self._z)
        for length, amplitude in product(self._prior.lengths, self._prior.amplitudes):
            pure, vectors = np.linalg.eigh(law + amplitude**2 * _matern(distances / length))
            projected = vectors.T @ rest
            for noise in self._prior.noises:
                values = np.asarray(np.maximum(pure, 0.0) + noise**2, np.float64)
                evidence = -0.5 * float((projected**2 / values).sum() + np.log(values).sum())
                weights = np.asarray(vectors @ (projected / values), np.float64)
                yield _Fit(length, amplitude, noise, values, vectors, weights, evidence)

    def _sizes_of(self, x: Vector) -> Vector:
        columns = list(self._prior.columns)
        sizes: Vector = x[:, columns] - self._scaling.mean[columns]
        return sizes

    def _law(self, a: Vector, b: Vector) -> Vector:
        covariance: Vector = self._prior.slope_sd**2 * a @ b.T + _CONSTANT_SD**2
        return covariance


def _distances(a: Vector, b: Vector) -> Vector:
    """Root mean square difference of standardised features, every row of ``a`` to every row of ``b``."""
    squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
    return np.asarray(np.sqrt(np.maximum(squares, 0.0) / a.shape[1]), np.float64)


def _matern(distances: Vector) -> Vector:
    """Matern kernel of order 5/2 at unit length and amplitude."""
    r = np.sqrt(5.0) * distances
    kernel: Vector = (1 + r + r**2 / 3) * np.exp(-r)
    return kernel
