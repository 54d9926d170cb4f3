"""The supernets of dense networks and autoencoders: subnets are the stand-alone networks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micronas.config import DataConfig
from micronas.data import load
from micronas.errors import SpaceError
from micronas.space.autoencoder import AutoencoderSpace
from micronas.space.mlp import MlpArch, MlpLimits, MlpSpace
from micronas.train.settings import TrainSettings

tf = pytest.importorskip("tensorflow")

from micronas.supernet.choose_region import choose_region  # noqa: E402
from micronas.supernet.dense_net import DenseNet  # noqa: E402
from micronas.supernet.dense_region import DenseRegion  # noqa: E402
from micronas.supernet.fit import fit_supernet  # noqa: E402
from micronas.train.tf_model import TfModel  # noqa: E402

LIMITS = MlpLimits(min_layers=1, max_layers=4, min_width=4, max_width=32)
MLP = DenseRegion(MlpSpace((4, 3, 2), 5, LIMITS), 24)
AUTOENCODER = DenseRegion(AutoencoderSpace((20,), 2, LIMITS), 24, 12)
SHALLOW = DenseRegion(AutoencoderSpace((20,), 2, MlpLimits(1, 1, 4, 32)), 24, 12)
REGIONS = {"mlp": MLP, "autoencoder": AUTOENCODER, "bottleneck alone": SHALLOW}
each = pytest.mark.parametrize("region", REGIONS.values(), ids=REGIONS)


@each
@given(seed=st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_the_region_is_closed_under_its_verbs(region, seed):
    rng = np.random.default_rng(seed)
    a, b = region.sample(rng), region.sample(rng)
    mutant = region.mutate(a, rng)
    for genes in (a, b, mutant, region.crossover(a, b, rng), region.narrowest, region.widest):
        assert region.from_json(region.to_json(genes)) == genes == region.repaired(genes)
        assert region.genes(region.arch(genes)) == genes
        assert region.net(genes) == region.space.net(region.arch(genes))
    assert region.key(mutant) != region.key(a)


def test_shallower_networks_leave_out_the_layers_before_the_bottleneck():
    assert MLP.arch(MLP.widest) == MlpArch((24, 24, 24, 24))
    assert MLP.arch(MLP.narrowest) == MlpArch((4,))
    assert AUTOENCODER.arch(AUTOENCODER.widest) == MlpArch((24, 24, 24, 12))
    assert AUTOENCODER.arch(AUTOENCODER.narrowest) == MlpArch((4, 4))
    assert AUTOENCODER.genes(MlpArch((8, 12))) == (0, 1, 0, 0, 2)
    for wide in (MlpArch((28, 4)), MlpArch((24, 16)), MlpArch((8,))):
        with pytest.raises(SpaceError, match="not in the region"):
            AUTOENCODER.genes(wide)
    with pytest.raises(SpaceError, match="bottleneck"):
        DenseRegion(AUTOENCODER.space, 24)


@each
def test_the_region_around_a_reference_holds_it(region):
    for reference in region.space.baselines()[::4]:
        found = choose_region(region.space, reference)
        assert found.arch(found.genes(reference)) == reference
        assert reference in [found.arch(genes) for genes in found.baselines()]


@each
def test_a_subnet_equals_the_stand_alone_network_with_the_same_weights(region):
    net, rng = DenseNet(region, seed=1), np.random.default_rng(3)
    net.parameters.assign_add(0.1 * rng.standard_normal(net.parameters.shape).astype(np.float32))
    x = rng.random((16, *region.space.input_shape)).astype(np.float32)
    networks = [region.widest, region.narrowest, *(region.sample(rng) for _ in range(12))]
    assert {len(region.arch(genes).hidden) for genes in networks} == {*region.depths}
    for genes in networks:
        alone = TfModel(region.net(genes))
        alone.set_weights(net.weights_alone(genes))
        expected, _ = alone.forward(alone.parameters, alone.statistics, x, training=True)
        ours = net.forward(net.parameters, tf.constant(genes, tf.int32), x)
        assert ours.shape == expected.shape
        named = net.forward(net.parameters, genes, x)
        assert np.allclose(named, ours, atol=1e-5)  # whole numbers choose the same network
        assert np.allclose(ours, expected, atol=2e-4)


def test_statistics_come_from_the_first_samples_only():
    rng, net = np.random.default_rng(0), DenseNet(MLP, seed=1)
    x = rng.random((16, 4, 3, 2)).astype(np.float32)
    genes = tf.constant(MLP.sample(rng), tf.int32)
    whole = net.forward(net.parameters, genes, x, 12)
    alone = net.forward(net.parameters, genes, np.concatenate([x[:12], x[15:]]), 12)
    assert np.allclose(whole[15], alone[12], atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "least"), [("digits", 0.8), ("vibration", 0.7)])
def test_a_fitted_supernet_scores_many_networks_with_one_trace_and_repeats(name, least):
    data = load(DataConfig(name=name))
    kind = MlpSpace if name == "digits" else AutoencoderSpace
    space = kind(data.input_shape, data.n_classes, LIMITS)
    region = choose_region(space, space.baselines()[0])
    short = TrainSettings(epochs=8, learning_rate=0.02)
    supernet, again = (fit_supernet(region, data, short, seed=0).supernet for _ in range(2))
    rng = np.random.default_rng(0)
    nets = [region.widest, *(region.sample(rng) for _ in range(20))]
    scores = [supernet.accuracy(genes) for genes in nets]
    assert supernet.traces == 1
    assert scores == [again.accuracy(genes) for genes in nets]
    assert scores[0] > least  # accuracy, or AUC of reconstruction errors
    assert len(set(scores)) > 10
