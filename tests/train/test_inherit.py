"""Inherited weights: a wider network computes what its parent computed, and a share says how much fits."""

from __future__ import annotations

import numpy as np
import pytest

from micronas.config import SpaceConfig
from micronas.model.net import Conv, Dense, DepthwiseConv, GlobalAveragePool, Net, NetBuilder, SoftmaxLayer
from micronas.space import make_space
from micronas.train.inherit import aligned, inherited, shared_part
from micronas.train.weights import NodeWeights, Norm, Weights, initial_weights


def net(*widths: int, kernel: int = 3) -> Net:
    builder = NetBuilder((8, 8, 1))
    for width in widths:
        builder.chain(Conv(width, kernel, kernel), DepthwiseConv(3, 3))
    return builder.chain(GlobalAveragePool(), Dense(4), SoftmaxLayer()).build()


def trained(net: Net, seed: int) -> Weights:
    """Initial weights with other statistics, as after a training."""
    rng = np.random.default_rng(seed)

    def moved(node: NodeWeights | None) -> NodeWeights | None:
        if node is None or node.norm is None:
            return node
        gamma, beta, mean, variance = rng.uniform(0.5, 1.5, (4, node.norm.gamma.size)).astype(np.float32)
        return NodeWeights(node.kernel, None, Norm(gamma, beta, mean, variance))

    return tuple(moved(node) for node in initial_weights(net, seed))


def test_a_network_gives_itself_everything() -> None:
    same = net(8, 12)
    assert shared_part(same, same) == 1.0
    given = trained(same, 3)
    taken = inherited(same, initial_weights(same, 0), same, given)
    for mine, theirs in zip(taken, given, strict=True):
        assert (mine is None) == (theirs is None)
        if mine is not None and theirs is not None:
            assert np.array_equal(mine.kernel, theirs.kernel)
            if mine.norm is not None and theirs.norm is not None:
                assert np.array_equal(mine.norm.variance, theirs.norm.variance)


def test_a_wider_network_computes_what_its_parent_computed() -> None:
    """By TensorFlow: the channels that were added have no effect before they are trained."""
    pytest.importorskip("tensorflow")
    from micronas.train.tf_model import TfModel

    parent, child = net(4, 8), net(8, 12)
    given = trained(parent, 3)
    x = np.random.default_rng(0).uniform(size=(5, 8, 8, 1)).astype(np.float32)
    outputs = []
    for one, weights in (
        (parent, given),
        (child, inherited(child, initial_weights(child, 1), parent, given)),
    ):
        model = TfModel(one, 0)
        model.set_weights(weights)
        logits, _ = model.forward(model.parameters, model.statistics, x, training=False)
        outputs.append(np.asarray(logits))
    assert np.allclose(outputs[0], outputs[1], atol=1e-4)


def test_what_has_another_kernel_or_is_new_starts_as_usual() -> None:
    parent, child = net(8, 8), net(8, 8, 8, kernel=5)
    start = initial_weights(child, 1)
    taken = inherited(child, start, parent, trained(parent, 3))
    for index, node in enumerate(child.nodes):
        if isinstance(node.layer, Conv):
            assert taken[index] is start[index]
    assert 0 < shared_part(child, parent) < 0.2
    pairs = [*aligned(net(8, 8, 8), parent)]
    assert pairs == sorted(pairs)


def test_a_mutation_keeps_most_and_every_pair_of_a_space_can_give_and_take() -> None:
    space = make_space(SpaceConfig(max_width=32), (16, 16, 3), 5)
    rng = np.random.default_rng(1)
    kept = []
    for _ in range(20):
        parent = space.sample(rng)
        own, child = space.net(parent), space.net(space.mutate(parent, rng))
        kept.append(shared_part(child, own))
        taken = inherited(child, initial_weights(child, 0), own, initial_weights(own, 1))
        for mine, usual in zip(taken, initial_weights(child, 0), strict=True):
            assert (mine is None) == (usual is None)
            assert mine is None or usual is None or mine.kernel.shape == usual.kernel.shape
    assert np.median(kept) > 0.7
