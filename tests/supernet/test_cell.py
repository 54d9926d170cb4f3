"""The cell supernet: its region is a space, its subnets are the stand-alone networks, one trace for all."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micronas.config import DataConfig
from micronas.data import load
from micronas.errors import ConfigError, SpaceError
from micronas.space.base import file_bytes
from micronas.space.cell import CellLimits, CellSpace, EdgeOp, Output
from micronas.space.cell.canonical import canonical, live_nodes
from micronas.train.settings import TrainSettings

tf = pytest.importorskip("tensorflow")

from micronas.supernet.cell_net import CellNet  # noqa: E402
from micronas.supernet.cell_plan import operation_layers  # noqa: E402
from micronas.supernet.cell_region import OPS  # noqa: E402
from micronas.supernet.cell_slices import cell_weights  # noqa: E402
from micronas.supernet.checkpoint import Checkpoint  # noqa: E402
from micronas.supernet.choose_region import choose_region  # noqa: E402
from micronas.supernet.fair_paths import drawn_round, fair_round  # noqa: E402
from micronas.supernet.fit import fit_supernet  # noqa: E402
from micronas.train.tf_model import TfModel  # noqa: E402


def region_of(shape, channels, stages, repeats, **limits):
    space = CellSpace(shape, 10, CellLimits(**limits))
    wanted = (channels, stages, repeats)
    archs = [space.canonical(a) for a in space.raw_baselines()]
    found = choose_region(
        space,
        max(
            (a for a in archs if (a.channels, a.stages, a.repeats) == wanted),
            key=lambda a: file_bytes(space.net(a)),
        ),
    )
    assert (found.reference.stages, found.reference.repeats) == (stages, repeats)
    return found


REGION = region_of((16, 16, 1), 8, 2, 1)
STREAM = region_of((40, 1, 3), 12, 2, 1, nodes=2)
DEEP = region_of((28, 28, 1), 8, 3, 1)
REGIONS = {"image": REGION, "stream": STREAM, "deep": DEEP}


@pytest.mark.parametrize("region", REGIONS.values(), ids=REGIONS)
@given(seed=st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_the_region_is_closed_under_its_verbs(region, seed):
    rng = np.random.default_rng(seed)
    a, b = region.sample(rng), region.sample(rng)
    drawn = tuple(int(rng.integers(size)) for size in region.sizes)
    for genes in (a, b, region.mutate(a, rng), region.crossover(a, b, rng), region.repaired(drawn)):
        assert region.from_json(region.to_json(genes)) == genes == region.repaired(genes)
        arch = region.arch(genes)
        assert region.space.from_json(region.space.to_json(arch)) == arch
        assert region.genes(arch) == genes
        assert region.net(genes) == region.space.net(arch)
    assert region.key(region.mutate(a, rng)) != region.key(a)


def test_a_step_of_mutation_leads_to_a_neighbour_and_all_neighbours_differ():
    rng = np.random.default_rng(0)
    genes = REGION.baselines()[0]
    neighbours = REGION.neighbours(genes)
    keys = {REGION.key(n) for n in neighbours}
    assert len(keys) == len(neighbours) > 30
    assert all(REGION.key(REGION.mutate(genes, rng)) in keys for _ in range(10))


def test_baseline_networks_of_the_region_are_those_of_the_space():
    baselines = [REGION.arch(genes) for genes in REGION.baselines()]
    assert len(baselines) == 2 * len(REGION.widths)  # of separable and of plain convolutions
    assert {*baselines} <= {*REGION.space.baselines()}


def test_regions_are_quick_enough_and_keep_planes_on_which_operations_differ():
    space = CellSpace((28, 28, 1), 10, CellLimits())
    for reference in space.baselines()[::12]:
        found = choose_region(space, reference)
        assert found.pass_macs <= found.max_pass_macs
        assert found.reference.channels <= reference.channels
    small = CellSpace((8, 8, 1), 10, CellLimits())
    found = choose_region(small, small.baselines()[0])
    assert (found.reference.stages, found.reference.stem_stride) == (2, 1)  # else 2 x 2 positions at the end
    assert found.baselines()
    tiny = CellSpace((4, 4, 1), 10, CellLimits())
    with pytest.raises(ConfigError, match="too small for cells"):
        choose_region(tiny, tiny.baselines()[0])


def test_a_network_stacked_differently_is_refused():
    other = next(arch for arch in DEEP.space.baselines() if arch.stages == 2)
    with pytest.raises(SpaceError, match="not in the region"):
        REGION.genes(other)


def assert_subnet_equals_stand_alone(net, genes, x):
    alone = TfModel(net.region.net(genes))
    alone.set_weights(cell_weights(net, genes))
    expected, _ = alone.forward(alone.parameters, alone.statistics, x, training=True)
    ours = net.forward(net.parameters, tf.constant(genes, tf.int32), x)
    assert np.allclose(ours, expected, atol=2e-4)


@pytest.mark.parametrize("region", REGIONS.values(), ids=REGIONS)
def test_a_subnet_equals_the_stand_alone_network_with_the_same_weights(region):
    net, rng = CellNet(region, seed=1), np.random.default_rng(3)
    # Offsets of normalisation that differ from zero, as training leaves them: what is masked must stay so.
    net.parameters.assign_add(0.1 * rng.standard_normal(net.parameters.shape).astype(np.float32))
    x = rng.random((6, *region.space.input_shape)).astype(np.float32)
    networks = [*region.baselines()[:2], *(region.sample(rng) for _ in range(12))]
    archs = [region.arch(genes) for genes in networks]
    assert {len(live_nodes(arch.normal)) for arch in archs} == {*range(1, region.space.limits.nodes + 1)}
    assert {arch.output for arch in archs} == {*Output}
    assert len({arch.channels for arch in archs}) > 1
    for genes in networks:
        assert_subnet_equals_stand_alone(net, genes, x)


@pytest.mark.parametrize("op", [op for op in EdgeOp if op is not EdgeOp.NONE])
def test_every_operation_is_the_space_s_own(op):
    region = REGION
    net, rng = CellNet(region, seed=2), np.random.default_rng(4)
    x = rng.random((4, 16, 16, 1)).astype(np.float32)
    raw, index = list(region.baselines()[0]), OPS.index(op)
    for cell in range(2):
        start = 2 + cell * region.genes_per_cell
        raw[start : start + 8] = [0, index, 0, OPS.index(EdgeOp.CONV_1X1), 2, index, 1, index]
    genes = region.repaired(tuple(raw))
    assert {e.op for n in region.arch(genes).normal.nodes for e in (n.left, n.right)} >= {op}
    assert_subnet_equals_stand_alone(net, genes, x)


def test_operations_have_the_layers_that_they_compute():
    assert operation_layers(EdgeOp.MAX_POOL_3X3) == ()
    assert len(operation_layers(EdgeOp.SEPARABLE_3X3)) == 2


def test_each_round_of_paths_gives_every_edge_every_operation_once():
    rng = np.random.default_rng(0)
    for _ in range(20):
        drawn = drawn_round(REGION, rng)
        columns = [drawn[:, i] for i in range(3, drawn.shape[1], 2)]
        used = [column for column in columns if column.any()]
        assert all(sorted(column) == [*range(len(OPS))] for column in used)
        assert len(used) >= 4  # an edge pair in each kind of cell
    paths = fair_round(REGION, rng)
    assert paths.shape == (len(OPS), len(REGION.sizes))
    assert all(canonical(REGION.arch(tuple(p))) == REGION.arch(tuple(p)) for p in paths.tolist())


def test_statistics_come_from_the_first_samples_only():
    rng, net = np.random.default_rng(0), CellNet(REGION, seed=1)
    x = rng.random((16, 16, 16, 1)).astype(np.float32)
    genes = tf.constant(REGION.sample(rng), tf.int32)
    whole = net.forward(net.parameters, genes, x, 12)
    alone = net.forward(net.parameters, genes, np.concatenate([x[:12], x[15:]]), 12)
    assert np.allclose(whole[15], alone[12], atol=1e-4)


@pytest.fixture(scope="module")
def digits_region():
    return region_of((8, 8, 1), 8, 2, 1, nodes=2)


@pytest.mark.exhaustive
def test_a_fitted_supernet_scores_many_cells_with_one_trace(digits_region):
    data, plan = load(DataConfig(name="digits")), TrainSettings(epochs=16, batch_size=16, learning_rate=0.01)
    supernet = fit_supernet(digits_region, data, plan, seed=5).supernet
    rng = np.random.default_rng(0)
    scores = [supernet.accuracy(digits_region.sample(rng)) for _ in range(20)]
    assert supernet.traces == 1
    assert max(scores) > 3 * data.majority_baseline
    assert np.mean(scores) > 2 * data.majority_baseline
    assert len(set(scores)) > 5


@pytest.mark.exhaustive
def test_a_training_that_was_killed_ends_with_the_same_weights(digits_region, tmp_path, monkeypatch):
    data, plan = load(DataConfig(name="digits")), TrainSettings(epochs=3, learning_rate=0.01)
    whole = fit_supernet(digits_region, data, plan, seed=5).supernet
    path, save = tmp_path / "supernet.npz", Checkpoint.save

    def save_and_die(self, target):
        save(self, target)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Checkpoint, "save", save_and_die)
        with pytest.raises(KeyboardInterrupt):
            fit_supernet(digits_region, data, plan, seed=5, checkpoint=path)
    assert Checkpoint.load(path).epochs == 1
    resumed = fit_supernet(digits_region, data, plan, seed=5, checkpoint=path)
    assert resumed.epochs == 3
    assert np.array_equal(resumed.supernet.shared.parameters.numpy(), whole.shared.parameters.numpy())
