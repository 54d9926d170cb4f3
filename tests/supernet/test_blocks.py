"""The supernet: its region is a space, its subnets are the stand-alone networks, one trace serves all."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micronas.config import DataConfig
from micronas.data import load
from micronas.errors import ConfigError, SpaceError, StoreError
from micronas.model.net import Conv, DepthwiseConv
from micronas.space.layerwise import Block, BlockKind, LayerwiseArch, LayerwiseSpace, Limits, Stem
from micronas.space.micronets import Backbone, MicronetsLimits, MicronetsSpace
from micronas.train.settings import TrainSettings
from tests.support.search_fakes import ToySpace

tf = pytest.importorskip("tensorflow")

from micronas.supernet.checkpoint import Checkpoint  # noqa: E402
from micronas.supernet.choose_region import choose_region  # noqa: E402
from micronas.supernet.elastic import ElasticNet  # noqa: E402
from micronas.supernet.fit import fit_supernet  # noqa: E402
from micronas.supernet.layerwise_region import LayerwiseRegion  # noqa: E402
from micronas.supernet.micronets_region import MicronetsRegion  # noqa: E402
from micronas.supernet.slices import subnet_weights  # noqa: E402
from micronas.train.tf_model import TfModel  # noqa: E402
from micronas.train.time_limit import TimeLimit  # noqa: E402

SPACE = LayerwiseSpace((8, 8, 1), 10, Limits(min_blocks=2, kernels=(3, 5)))
REGION = LayerwiseRegion(
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


MICRONETS = {
    backbone: MicronetsRegion(
        MicronetsSpace((16, 16, 1), 10, MicronetsLimits(backbone=backbone, slots=4)), 24, 3
    )
    for backbone in Backbone
}


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
    assert [b.width for b in narrow.blocks] == [12, 8]  # what halves the plane, and what changes the width
    assert REGION.baselines()[0] == REGION.widest


def test_foreign_genes_and_unfit_networks_are_refused():
    with pytest.raises(SpaceError, match="not genes of this region"):
        REGION.net((9,) * len(REGION.sizes))
    with pytest.raises(SpaceError, match="whole numbers"):
        REGION.from_json(["a"])
    pooled = LayerwiseArch(Stem(3, 1, 8), (Block(BlockKind.CONV, 3, 1, 8, pool=True),) * 2)
    with pytest.raises(SpaceError, match="genes pool"):
        LayerwiseRegion(SPACE, pooled)


def assert_subnet_equals_stand_alone(elastic, genes, x):
    alone = TfModel(elastic.region.net(genes))
    alone.set_weights(subnet_weights(elastic, genes))
    expected, _ = alone.forward(alone.parameters, alone.statistics, x, training=True)
    ours = elastic.forward(elastic.parameters, tf.constant(genes, tf.int32), x)
    assert np.allclose(ours, expected, atol=2e-4)


@pytest.mark.parametrize("seed", range(6))
def test_a_subnet_equals_the_stand_alone_network_with_the_same_weights(elastic, seed):
    rng = np.random.default_rng(seed)
    genes = [REGION.widest, REGION.narrowest, *(REGION.sample(rng) for _ in range(4))][seed]
    assert_subnet_equals_stand_alone(elastic, genes, rng.random((12, 8, 8, 1)).astype(np.float32))


@pytest.mark.parametrize("seed", range(4))
def test_genes_as_whole_numbers_give_the_same_network_and_trace_nothing_else(elastic, seed):
    rng = np.random.default_rng(seed)
    genes = [REGION.widest, REGION.narrowest, REGION.sample(rng), REGION.sample(rng)][seed]
    x = rng.random((5, 8, 8, 1)).astype(np.float32)
    forward = tf.function(lambda x: elastic.forward(elastic.parameters, genes, x), autograph=False)
    chosen = elastic.forward(elastic.parameters, tf.constant(genes, tf.int32), x)
    assert np.allclose(forward(x), chosen, atol=1e-5)
    graph = forward.get_concrete_function(x).graph
    made = [
        op.outputs[0].shape[-1] for op in graph.get_operations() if "Conv2d" in op.type or "Conv2D" in op.type
    ]
    layers = [node.layer for node in REGION.net(genes).nodes]
    assert len(made) == sum(isinstance(layer, Conv | DepthwiseConv) for layer in layers)
    assert max(made) == max(shape[-1] for shape in REGION.net(genes).shapes[1:-3])


@pytest.mark.parametrize("backbone", Backbone)
def test_subnets_of_a_micronets_skeleton_equal_stand_alone_networks_too(backbone):
    region, rng = MICRONETS[backbone], np.random.default_rng(3)
    elastic, x = ElasticNet(region, seed=2), rng.random((6, 16, 16, 1)).astype(np.float32)
    nets = [region.widest, region.narrowest, *(region.sample(rng) for _ in range(4))]
    assert len({len(region.net(genes).nodes) for genes in nets}) > 1  # some skip blocks
    for genes in nets:
        assert_subnet_equals_stand_alone(elastic, genes, x)


@pytest.mark.parametrize("backbone", Backbone)
@given(seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_a_micronets_region_is_closed_and_inside_its_space(backbone, seed):
    region, rng = MICRONETS[backbone], np.random.default_rng(seed)
    a, b = region.sample(rng), region.sample(rng)
    for genes in (a, region.mutate(a, rng), region.crossover(a, b, rng)):
        assert region.from_json(region.to_json(genes)) == genes
        arch = region.arch(genes)
        assert region.space.from_json(region.space.to_json(arch)) == arch
        assert region.net(genes) == region.space.net(arch)


def test_the_region_lies_around_the_reference_and_is_small_enough_to_train():
    space = LayerwiseSpace((28, 28, 1), 10, Limits())
    for reference in (space.baselines()[i] for i in (0, 10, 20, -1)):
        region = choose_region(space, reference)
        macs = region.net(region.widest).macs
        assert macs <= max(region.max_pass_macs, 2 * space.net(reference).macs)
        assert region.largest.stem.width >= reference.stem.width
    small = choose_region(space, space.baselines()[-1])
    assert small.net(small.widest).macs > space.net(space.baselines()[-1]).macs


def test_a_space_without_shared_weights_is_refused_by_name():
    with pytest.raises(ConfigError, match="no weight-sharing network for a ToySpace"):
        choose_region(ToySpace(), ToySpace().baselines()[0])


def test_statistics_come_from_the_first_samples_only(elastic):
    rng = np.random.default_rng(0)
    x = rng.random((20, 8, 8, 1)).astype(np.float32)
    genes = tf.constant(REGION.sample(rng), tf.int32)
    whole = elastic.forward(elastic.parameters, genes, x, 12)
    for i in (12, 19):
        alone = elastic.forward(elastic.parameters, genes, np.concatenate([x[:12], x[i : i + 1]]), 12)
        assert np.allclose(whole[i], alone[12], atol=1e-4)


@pytest.fixture(scope="module")
def small_region():
    arch = LayerwiseArch(Stem(3, 1, 16), (Block(BlockKind.CONV, 3, 2, 16), Block(BlockKind.CONV, 3, 1, 16)))
    return LayerwiseRegion(SPACE, arch)


def test_a_fitted_supernet_scores_many_networks_with_one_trace_and_repeats(small_region):
    data = load(DataConfig(name="digits"))
    short = TrainSettings(epochs=6, learning_rate=0.02)
    supernet, again = (fit_supernet(small_region, data, short, seed=0).supernet for _ in range(2))
    rng = np.random.default_rng(0)
    nets = [small_region.widest, small_region.narrowest, *(small_region.sample(rng) for _ in range(20))]
    scores = [supernet.accuracy(genes) for genes in nets]
    assert supernet.traces == 1
    assert scores == [again.accuracy(genes) for genes in nets]
    assert scores[0] > 0.8
    assert scores[0] > scores[1] > 3 * data.majority_baseline


def test_a_training_cut_after_any_epoch_ends_with_the_same_weights(small_region, tmp_path, monkeypatch):
    data, plan = load(DataConfig(name="digits")), TrainSettings(epochs=3, learning_rate=0.02, augment=0.5)
    whole = fit_supernet(small_region, data, plan, seed=5)
    path, save = tmp_path / "supernet.npz", Checkpoint.save

    def save_and_die(self, target):
        save(self, target)
        raise KeyboardInterrupt

    monkeypatch.setattr(Checkpoint, "save", save_and_die)
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            fit_supernet(small_region, data, plan, seed=5, checkpoint=path)
    resumed = fit_supernet(small_region, data, plan, seed=5, checkpoint=path)  # only looks it up
    assert np.array_equal(
        resumed.supernet.shared.parameters.numpy(), whole.supernet.shared.parameters.numpy()
    )
    assert resumed.epochs == whole.epochs == 3
    assert resumed.cpu_s >= Checkpoint.load(path).cpu_s > 0


@pytest.mark.slow
@pytest.mark.parametrize(("clock", "seconds"), [("wall_s", 12.0), ("cpu_s", 4.0)])
def test_a_limit_plans_fewer_epochs_and_still_ends_the_schedule(small_region, clock, seconds):
    data, plan = load(DataConfig(name="digits")), TrainSettings(epochs=10_000, learning_rate=0.02)
    fitted = fit_supernet(small_region, data, plan, seed=0, limit=TimeLimit(**{clock: seconds}))
    assert 1 <= fitted.epochs < 10_000
    assert fitted.supernet.accuracy(small_region.widest) > 3 * data.majority_baseline


def test_a_damaged_checkpoint_is_named(tmp_path):
    path = tmp_path / "supernet.npz"
    assert Checkpoint.load(path) is None
    path.write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(StoreError, match=r"supernet\.npz: not a checkpoint"):
        Checkpoint.load(path)
