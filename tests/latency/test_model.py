"""The latency model: its least squares against brute force, its laws on ops that obey them, its error bar."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micronas.latency import LatencyModel, OpFeatures, Profile, profile_from_json, profile_to_json
from micronas.latency.nnls import Vector, nnls
from tests.support.latency_profiles import NETWORKS, network, op


def brute_force(a: Vector, b: Vector) -> float:
    """The least |Ax - b|^2 over x >= 0: every set of variables without bounds, kept if not negative."""
    best = float(b @ b)
    for size in range(1, a.shape[1] + 1):
        for chosen in itertools.combinations(range(a.shape[1]), size):
            x, *_ = np.linalg.lstsq(a[:, chosen], b, rcond=None)
            if (x >= -1e-12).all():
                best = min(best, float(((a[:, chosen] @ x - b) ** 2).sum()))
    return best


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), columns=st.integers(1, 5), rows=st.integers(5, 12))
def test_least_squares_without_negative_prices_equals_brute_force(seed: int, columns: int, rows: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(rows, columns)), rng.normal(size=rows)
    x = nnls(a.T @ a, a.T @ b)
    assert (x >= 0).all()
    assert ((a @ x - b) ** 2).sum() == pytest.approx(brute_force(a, b), rel=1e-6, abs=1e-9)


def test_features_that_always_occur_together_are_no_trouble() -> None:
    a = np.array([[1.0, 2.0, 0.0], [2.0, 4.0, 0.0], [3.0, 6.0, 0.0]])
    x = nnls(a.T @ a, a.T @ np.array([5.0, 10.0, 15.0]))
    assert a @ x == pytest.approx([5.0, 10.0, 15.0], rel=1e-6)


def test_ops_that_obey_their_law_are_predicted_exactly() -> None:
    model = LatencyModel(NETWORKS)
    unseen = network([77.0, 123.0, 9.0])
    said = model.predict([features for features, _ in unseen.ops])
    assert said is not None
    assert said.count == pytest.approx(unseen.count, rel=1e-3)
    assert said.error < 2e-3
    assert said.networks == len(model.errors)


def test_the_error_bar_is_the_largest_of_predictions_that_did_not_see_the_network() -> None:
    rng = np.random.default_rng(3)
    noisy = [network([20.0 * i, 100.0], noise=float(rng.uniform(0.9, 1.1))) for i in range(1, 16)]
    model = LatencyModel(noisy)
    for left_out, error in zip(noisy, model.errors, strict=True):
        others = LatencyModel([p for p in noisy if p is not left_out])
        said = others.predict([features for features, _ in left_out.ops])
        if said is not None:  # the largest network is out of the others' reach
            assert said.count / left_out.count - 1 == pytest.approx(error, abs=1e-6)
    said = model.predict([features for features, _ in noisy[0].ops])
    assert said is not None
    assert said.error == max(abs(e) for e in model.errors)
    assert 0.005 < said.error < 0.12


@pytest.mark.parametrize(
    "ops",
    [
        [op("depthwise", 3.0)],  # never profiled
        [op("conv", 601.0)],  # more than twice the largest
    ],
)
def test_what_was_never_profiled_is_not_predicted(ops: list[OpFeatures]) -> None:
    model = LatencyModel(NETWORKS)
    assert model.predict(ops) is None
    assert model.predict([op("conv", 599.0)]) is not None


def test_an_op_unlike_all_profiled_ones_is_not_predicted() -> None:
    """Two features that always went together cannot be priced apart, so an op with one of them is unknown."""

    def both(a: float, b: float) -> OpFeatures:
        return OpFeatures("conv", (1.0, a, b))

    profiles = [
        Profile(((both(w, 2 * w), 50 + 9 * w), (op("softmax", 4.0), 58.0)), 9 * w + 138) for w in range(1, 9)
    ]
    model = LatencyModel(profiles)
    alike = model.predict([both(5.5, 11.0), op("softmax", 4.0)])
    assert alike is not None
    assert alike.count == pytest.approx(9 * 5.5 + 138, rel=1e-3)
    assert model.predict([both(8.0, 1.0), op("softmax", 4.0)]) is None


def test_too_few_profiles_predict_nothing() -> None:
    assert LatencyModel([]).predict([op("conv", 1.0)]) is None
    assert LatencyModel(NETWORKS[:2]).predict([op("conv", 1.0)]) is None


def test_prices_are_never_negative() -> None:
    rng = np.random.default_rng(0)
    wild = [network([float(rng.integers(1, 50))], noise=float(rng.uniform(0.2, 3))) for _ in range(10)]
    model = LatencyModel(wild)
    small, large = (model.predict([op("conv", w), op("softmax", 4.0)]) for w in (1.0, 49.0))
    assert small is not None
    assert large is not None
    assert 0 < small.count <= large.count


def test_profiles_survive_the_store() -> None:
    for profile in NETWORKS:
        assert profile_from_json(profile_to_json(profile)) == profile
