"""Zero-cost proxies and rank agreement against values worked out by hand, by NumPy and by SciPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micronas.estimate.rank import kendall_tau, mean_ranks
from micronas.model.graph import Activation
from micronas.model.net import (
    Add,
    Conv,
    Dense,
    DepthwiseConv,
    Flatten,
    GlobalAveragePool,
    NetBuilder,
    SoftmaxLayer,
)

pairs = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=3, max_size=25)


@given(pairs)
@settings(deadline=None)
def test_tau_equals_scipy(pairs):
    stats = pytest.importorskip("scipy.stats")
    a, b = zip(*pairs, strict=True)
    expected = stats.kendalltau(a, b).statistic
    assert kendall_tau(a, b) == pytest.approx(0.0 if np.isnan(expected) else expected)


@given(pairs)
@settings(deadline=None)
def test_mean_ranks_equal_scipy(pairs):
    stats = pytest.importorskip("scipy.stats")
    a, b = zip(*pairs, strict=True)
    expected = (stats.rankdata(a) + stats.rankdata(b)) / 2 - 1
    assert mean_ranks(a, b).tolist() == expected.tolist()


def test_ranks_of_unequal_lists_are_refused():
    with pytest.raises(ValueError, match="same length"):
        kendall_tau([1, 2], [1, 2, 3])


def dense_net(units, classes=2):
    builder = NetBuilder((2, 1, 1)).chain(
        Flatten(), Dense(units, Activation.RELU), Dense(classes), SoftmaxLayer()
    )
    return builder.build()


def test_synflow_of_two_dense_layers_is_the_sum_over_paths():
    pytest.importorskip("tensorflow")
    from micronas.estimate.zero_cost import synflow
    from micronas.train.weights import initial_weights

    net = dense_net(5)
    first, second = (np.abs(w.kernel.astype(np.float64)) for w in initial_weights(net, 3) if w)
    paths = (np.ones(2) @ first @ second).sum()  # each layer's saliencies sum to the whole output
    assert synflow(net, seed=3) == pytest.approx(np.log(2 * paths), rel=1e-6)


def test_naswot_counts_the_units_that_agree():
    pytest.importorskip("tensorflow")
    from micronas.estimate.zero_cost import naswot
    from micronas.train.weights import initial_weights

    net, x = dense_net(64), np.random.default_rng(0).normal(size=(6, 2, 1, 1)).astype(np.float32)
    kernel = next(w.kernel for w in initial_weights(net, 1) if w)
    on = x.reshape(6, 2) @ kernel > 0
    agree = (on[:, None, :] == on[None, :, :]).sum(axis=2)
    assert naswot(net, x, seed=1) == pytest.approx(np.linalg.slogdet(agree.astype(float))[1], rel=1e-5)


def test_naswot_of_equal_inputs_is_minus_infinity():
    pytest.importorskip("tensorflow")
    from micronas.estimate.zero_cost import naswot

    assert naswot(dense_net(8), np.ones((4, 2, 1, 1), np.float32)) == float("-inf")


def test_wider_networks_score_higher_and_residuals_are_walked():
    pytest.importorskip("tensorflow")
    from micronas.estimate.zero_cost import naswot, synflow

    def residual_net(width):
        builder = NetBuilder((8, 8, 1))
        start = builder.add(Conv(width, 3, 3))
        builder.chain(DepthwiseConv(3, 3), Conv(width, 1, 1, activation=Activation.NONE))
        builder.add(Add(Activation.RELU), start, builder.last)
        return builder.chain(GlobalAveragePool(), Dense(10), SoftmaxLayer()).build()

    x = np.random.default_rng(0).random((16, 8, 8, 1)).astype(np.float32)
    narrow, wide = residual_net(4), residual_net(32)
    assert naswot(wide, x) > naswot(narrow, x)
    assert synflow(wide) > synflow(narrow)
    assert naswot(wide, x, seed=1) == naswot(wide, x, seed=1)
