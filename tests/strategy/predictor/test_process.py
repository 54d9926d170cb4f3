"""The Gaussian process against closed forms and data of known laws."""

from __future__ import annotations

import math

import numpy as np
import pytest

from micronas.strategy.predictor.gaussian_process import GaussianProcess, Prior, Scaling

RNG = np.random.default_rng(0)
X = RNG.normal(size=(7, 3))
Y = RNG.normal(size=7)
SCALING = Scaling(np.array([0.5, -1.0, 0.0]), np.array([2.0, 1.0, 0.5]))


def one_scale(**changes: object) -> Prior:
    scales = {"amplitudes": (0.7,), "noises": (0.3,), "lengths": (1.5,)}
    return Prior(columns=(0, 2), slopes=(-0.4, 0.2), slope_sd=0.25, **{**scales, **changes})  # type: ignore[arg-type]


def kernel(a: np.ndarray, b: np.ndarray) -> float:
    """Covariance of two networks, from the text of the module, element by element."""
    law = 0.3**2 + 0.25**2 * sum((a[c] - SCALING.mean[c]) * (b[c] - SCALING.mean[c]) for c in (0, 2))
    r = math.sqrt(sum(((a[i] - b[i]) / SCALING.spread[i]) ** 2 for i in range(3)) / 3) / 1.5
    return law + 0.49 * (1 + math.sqrt(5) * r + 5 * r * r / 3) * math.exp(-math.sqrt(5) * r)


def test_the_posterior_is_that_of_the_textbook() -> None:
    known = [-0.4 * (x[0] - 0.5) + 0.2 * x[2] for x in X]
    constant = float(np.mean(Y - known))
    covariance = np.array([[kernel(a, b) for b in X] for a in X]) + 0.09 * np.eye(len(X))
    inverse = np.linalg.inv(covariance)
    other = np.array([0.3, 0.1, -1.2])
    row = np.array([kernel(other, x) for x in X])
    law = constant - 0.4 * (other[0] - 0.5) + 0.2 * other[2]
    mean = law + row @ inverse @ (Y - known - constant)
    variance = kernel(other, other) - row @ inverse @ row
    posterior = GaussianProcess(one_scale(), SCALING, X, Y).predict(other[None, :])
    assert posterior.mean == pytest.approx([mean])
    assert posterior.spread == pytest.approx([math.sqrt(variance)])
    assert posterior.noise == pytest.approx(0.3)
    assert posterior.observed_spread == pytest.approx([math.sqrt(variance + 0.09)])


def test_scales_are_weighed_by_how_likely_they_make_the_data() -> None:
    """Two noises: the mean of both predictions, by the ratio of the two densities of the data."""
    single = {noise: GaussianProcess(one_scale(noises=(noise,)), SCALING, X, Y) for noise in (0.6, 0.9)}
    known = np.array([-0.4 * (x[0] - 0.5) + 0.2 * x[2] for x in X])
    rest = Y - known - np.mean(Y - known)
    pure = np.array([[kernel(a, b) for b in X] for a in X])
    density = {}
    for noise in single:
        covariance = pure + noise**2 * np.eye(len(X))
        density[noise] = math.exp(-0.5 * rest @ np.linalg.inv(covariance) @ rest) / math.sqrt(
            np.linalg.det(covariance)
        )
    other = np.array([[0.3, 0.1, -1.2]])
    means = {noise: process.predict(other).mean[0] for noise, process in single.items()}
    expected = sum(density[n] * means[n] for n in single) / sum(density.values())
    both = GaussianProcess(one_scale(noises=(0.6, 0.9)), SCALING, X, Y).predict(other)
    assert min(density.values()) > 0.02 * sum(density.values())
    assert both.mean == pytest.approx([expected])


def test_one_network_leaves_the_law_that_is_believed_beforehand() -> None:
    process = GaussianProcess(one_scale(), SCALING, X[:1], Y[:1])
    step = np.array([[1.0, 0.0, 0.0]])
    here, there = process.predict(X[:1]), process.predict(X[:1] + step)
    assert here.mean == pytest.approx(Y[:1])
    assert there.mean - here.mean == pytest.approx([-0.4], abs=1e-9)
    assert there.spread > here.spread


def test_data_overrule_the_slopes_believed_beforehand() -> None:
    x = np.random.default_rng(1).normal(size=(60, 3))
    y = 0.3 * x[:, 0] + 1.0
    process = GaussianProcess(one_scale(noises=(0.01, 0.1)), SCALING, x, y)
    asked = np.array([[0.5, 0.0, 0.0], [-0.5, 0.0, 0.0]])
    assert process.predict(asked).mean == pytest.approx([1.15, 0.85], abs=0.02)


def test_what_no_law_says_is_learnt_and_the_spread_tells_how_well() -> None:
    rng = np.random.default_rng(2)
    x, other = rng.normal(size=(120, 3)), rng.normal(size=(200, 3))

    def truth(z: np.ndarray) -> np.ndarray:
        return np.sin(z[:, 1]) + 0.5 * z[:, 0]

    prior = one_scale(amplitudes=(0.3, 1.0), noises=(0.03, 0.1, 0.3), lengths=(0.5, 1.0, 2.0))
    posterior = GaussianProcess(prior, Scaling.of(x), x, truth(x) + 0.1 * rng.normal(size=120)).predict(other)
    misses = posterior.mean - truth(other)
    assert float(np.sqrt(np.mean(misses**2))) < 0.12  # of a standard deviation of 0.8
    assert 0.5 < float(np.mean((misses / posterior.spread) ** 2)) < 2.0
    assert 0.05 < posterior.noise < 0.2


def test_a_feature_that_never_varies_does_no_harm() -> None:
    x = X.copy()
    x[:, 1] = 3.0
    posterior = GaussianProcess(one_scale(), Scaling.of(x), x, Y).predict(x)
    assert np.isfinite(posterior.mean).all()
    assert (posterior.spread > 0).all()
