"""The supernet: its region is a space, its subnets are the stand-alone networks, one trace serves all."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micronas.config import DataConfig
from micronas.data import load
from micronas.errors import SpaceError
from micronas.estimate.settings import TrainSettings
from micronas.space.layerwise import Block, BlockKind, LayerwiseArch, LayerwiseSpace, Limits, Stem

tf = pytest.importorskip("tensorflow")

from micronas.estimate.supernet.elastic import ElasticNet  # noqa: E402
from micronas.estimate.supernet.fit import agreement, fit_supernet  # noqa: E402
from micronas.estimate.supernet.region import Region  # noqa: E402
from micronas.estimate.supernet.slices import subnet_weights  # noqa: E402
from micronas.estimate.tf_model import TfModel  # noqa: E402

SPACE = LayerwiseSpace((8, 8, 1), 10, Limits(min_blocks=2, kernels=(3, 5)))
REGION = Region(
    SPACE,
    LayerwiseArch(
        Stem(3, 1, 16),
        (
            Block(BlockKind.CONV, 5, 1, 16),
            Block(BlockKind.SEPARABLE, 5, 2, 32),
            Block(BlockKind.INVERTED, 5, 1, 32, 3),
            Block(BlockKind.INVERTED, 3, 1, 24, 2),
            Block(BlockKind.SEPARABLE, 3, 1, 24),
        ),
    ),
)


@pytest.fixture(scope="module")
def elastic():
    return ElasticNet(REGION, seed=1)


@given(st.integers(0, 10_000))
@settings(max_examples=50, deadline=None)
def test_the_region_is_closed_under_its_verbs(seed):
    rng = np.random.default_rng(seed)
    a, b = REGION.sample(rng), REGION.sample(rng)
    for genes in (a, b, REGION.mutate(a, rng), REGION.crossover(a, b, rng), REGION.narrowest, REGION.widest):
        assert REGION.from_json(REGION.to_json(genes)) == genes
        arch = REGION.arch(genes)
        assert len(arch.blocks) >= SPACE.limits.min_blocks
        assert REGION.net(genes) == SPACE.net(arch)
    assert REGION.key(REGION.mutate(a, rng)) != REGION.key(a)


def test_the_ends_of_the_region():
    assert REGION.arch(REGION.widest) == REGION.largest
    narrow = REGION.arch(REGION.narrowest)
    assert narrow.stem.width == 4
    assert [b.width for b in narrow.blocks] == [8, 4]  # what halves the plane, and what changes the width
    assert REGION.hand_made()[0] == REGION.widest


def test_foreign_genes_and_unfit_networks_are_refused():
    with pytest.raises(SpaceError, match="not genes of this region"):
        REGION.net((9,) * len(REGION.sizes))
    with pytest.raises(SpaceError, match="whole numbers"):
        REGION.from_json(["a"])
    pooled = LayerwiseArch(Stem(3, 1, 8), (Block(BlockKind.CONV, 3, 1, 8, pool=True),) * 2)
    with pytest.raises(SpaceError, match="pooling"):
        Region(SPACE, pooled)


@pytest.mark.parametrize("seed", range(6))
def test_a_subnet_equals_the_stand_alone_network_with_the_same_weights(elastic, seed):
    rng = np.random.default_rng(seed)
    genes = [REGION.widest, REGION.narrowest, *(REGION.sample(rng) for _ in range(4))][seed]
    x = rng.random((12, 8, 8, 1)).astype(np.float32)
    alone = TfModel(REGION.net(genes))
    alone.set_weights(subnet_weights(elastic, genes))
    expected, _ = alone.forward(alone.parameters, alone.statistics, x, training=True)
    ours = elastic.forward(elastic.parameters, tf.constant(genes, tf.int32), x)
    assert np.allclose(ours, expected, atol=2e-4)


def test_statistics_come_from_the_first_samples_only(elastic):
    rng = np.random.default_rng(0)
    x = rng.random((20, 8, 8, 1)).astype(np.float32)
    genes = tf.constant(REGION.sample(rng), tf.int32)
    whole = elastic.forward(elastic.parameters, genes, x, 12)
    for i in (12, 19):
        alone = elastic.forward(elastic.parameters, genes, np.concatenate([x[:12], x[i : i + 1]]), 12)
        assert np.allclose(whole[i], alone[12], atol=1e-4)


def test_a_fitted_supernet_scores_many_networks_with_one_trace_and_repeats():
    data = load(DataConfig(name="digits"))
    region = Region(
        SPACE,
        LayerwiseArch(Stem(3, 1, 16), (Block(BlockKind.CONV, 3, 2, 16), Block(BlockKind.CONV, 3, 1, 16))),
    )
    short = TrainSettings(epochs=6, learning_rate=0.02)
    supernet, again = (fit_supernet(region, data, short, seed=0) for _ in range(2))
    rng = np.random.default_rng(0)
    nets = [region.widest, region.narrowest, *(region.sample(rng) for _ in range(20))]
    scores = [supernet.accuracy(genes) for genes in nets]
    assert supernet.traces == 1
    assert scores == [again.accuracy(genes) for genes in nets]
    assert scores[0] > 0.8
    assert scores[0] > scores[1] > 3 * data.majority_baseline


def test_low_agreement_is_told():
    assert agreement([1, 2, 3], [0.1, 0.2, 0.3]).warning == ""
    assert "tau of the supernet is -1.00 over 3 networks" in agreement([1, 2, 3], [3, 2, 1]).warning
