"""Zero-cost proxies and rank agreement against values worked out by hand, by NumPy and by SciPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micronas.estimate.rank import kendall_tau, mean_ranks
from micronas.model.net import (
    Add,
    Apply,
    Conv,
    Dense,
    DepthwiseConv,
    Flatten,
    Function,
    GlobalAveragePool,
    Multiply,
    NetBuilder,
    Pool,
    SoftmaxLayer,
)
from micronas.model.op_attributes import Activation

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


def carriers(net):
    """Nodes that carry the flow: every input of a node, but not the gate of a product."""
    reads = [node.inputs[:1] if isinstance(node.layer, Multiply) else node.inputs for node in net.nodes]
    alive = {len(net.nodes) - 1}
    for index in reversed(range(len(net.nodes))):
        if index in alive:
            alive.update(reads[index])
    return reads, alive


def cut_nodes(net):
    """Nodes that every path from the input to the output passes."""
    reads, alive = carriers(net)

    def connected(without):
        reached = {0}
        for index in range(1, len(net.nodes)):
            if index in alive and index != without and reached.intersection(reads[index]):
                reached.add(index)
        return len(net.nodes) - 1 in reached

    return {index for index in alive if index and not connected(without=index)}


def networks_of(name):
    from micronas.config import SpaceConfig
    from micronas.space import make_space
    from micronas.space.space_config import every_option

    config = {"name": name, "max_width": 16, **dict.fromkeys(every_option(name), True)}
    space = make_space(SpaceConfig.model_validate(config), (16, 16, 2), 5)
    rng = np.random.default_rng(0)
    return [space.net(arch) for arch in (*space.baselines()[:2], *(space.sample(rng) for _ in range(8)))]


@pytest.mark.parametrize("name", ["layerwise", "cell", "micronets"])
def test_synflow_is_conserved_through_every_kind_of_block(name):
    """Tanaka et al. 2020: the saliencies of every cut through the network sum to its output."""
    pytest.importorskip("tensorflow")
    from micronas.estimate.zero_cost import saliencies

    for net in networks_of(name):
        weighted = [
            i for i, node in enumerate(net.nodes) if isinstance(node.layer, Conv | DepthwiseConv | Dense)
        ]
        of_node = dict(zip(weighted, saliencies(net), strict=True))
        _, alive = carriers(net)
        output = of_node[weighted[-1]]
        for index, saliency in of_node.items():
            if index in cut_nodes(net):
                assert saliency == pytest.approx(output, rel=1e-9), (index, net.nodes[index])
            elif index in alive:
                assert 0 < saliency <= output * (1 + 1e-9), (index, net.nodes[index])
            else:
                assert saliency == 0.0, "a gate's own layers are open"


def test_the_blocks_of_the_conservation_test_are_of_every_kind():
    layers = [node.layer for net in networks_of("layerwise") + networks_of("cell") for node in net.nodes]
    assert {Multiply, Add, Pool, Apply, DepthwiseConv} <= {type(layer) for layer in layers}
    assert Activation.RELU6 in {getattr(layer, "activation", None) for layer in layers}


def test_naswot_counts_hard_swish_units_and_those_after_a_sum_like_any_others():
    pytest.importorskip("tensorflow")
    from micronas.estimate.zero_cost import naswot

    def net_of(*rectified):
        return NetBuilder((2, 1, 1)).chain(Flatten(), *rectified, Dense(2), SoftmaxLayer()).build()

    x = np.random.default_rng(0).normal(size=(6, 2, 1, 1)).astype(np.float32)
    plain = net_of(Dense(40, Activation.RELU))
    swish = net_of(Dense(40, Activation.NONE), Apply(Function.HARD_SWISH))
    assert np.isfinite(naswot(plain, x, seed=1))
    assert naswot(swish, x, seed=1) == naswot(plain, x, seed=1)
    builder = NetBuilder((2, 1, 1)).chain(Flatten(), Dense(40, Activation.NONE))
    builder.add(Add(Activation.RELU), builder.last, builder.last)
    summed = builder.chain(Dense(2), SoftmaxLayer()).build()
    assert naswot(summed, x, seed=1) == naswot(plain, x, seed=1)
