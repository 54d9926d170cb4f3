"""Properties of the cell space; equality of cells is judged by networks, not by genes."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from micronas.config import SpaceConfig
from micronas.errors import SpaceError
from micronas.model.net import Add, Concat, Conv, DepthwiseConv, Pool, shape_graph
from micronas.model.tflite.writer import write as write_tflite
from micronas.space import make_space
from micronas.space.cell import Cell, CellArch, CellLimits, CellNode, CellSpace, Edge, EdgeOp, Output
from micronas.space.cell.canonical import canonical_cell

SHAPES = ((28, 28, 1), (49, 10, 1), (64, 1, 3), (5, 3, 2))
LIMITS = CellLimits(nodes=3, min_cells=2, max_cells=5, max_width=16)
MILD = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])

seeds = st.integers(0, 2**32 - 1)
spaces = st.builds(CellSpace, st.sampled_from(SHAPES), st.integers(2, 12), st.just(LIMITS))
NONE = Edge(0, EdgeOp.NONE)


@st.composite
def raw_cells(draw):
    def edge(i):
        return Edge(draw(st.integers(0, 1 + i)), draw(st.sampled_from(list(EdgeOp))))

    return Cell(tuple(CellNode(edge(i), edge(i)) for i in range(LIMITS.nodes)))


def _arch(normal, reduction=None, **genes):
    reduction = reduction or Cell((CellNode(Edge(0, EdgeOp.CONV_3X3), NONE), *[CellNode(NONE, NONE)] * 2))
    defaults = {"channels": 8, "repeats": 1, "stages": 2, "stem_stride": 2, "output": Output.CONCAT}
    return CellArch(normal, reduction, **{**defaults, **genes})


@MILD
@given(raw_cells(), st.booleans())
def test_canonical_cells_are_a_fixed_point(cell, reduces):
    once = canonical_cell(cell, reduces)
    assert canonical_cell(once, reduces) == once


@MILD
@given(raw_cells(), st.booleans(), st.randoms(use_true_random=False))
def test_renumbering_nodes_does_not_change_the_canonical_cell(cell, reduces, random):
    """Nodes in any order that respects the edges, and edges in either order, are one cell."""
    order, todo = [], list(range(LIMITS.nodes))
    while todo:
        ready = [i for i in todo if all(e.source - 2 in order or e.source < 2 for e in _edges(cell, i))]
        order.append(random.choice(ready))
        todo.remove(order[-1])
    place = {0: 0, 1: 1, **{old + 2: new + 2 for new, old in enumerate(order)}}
    nodes = []
    for old in order:
        edges = [Edge(place[e.source], e.op) for e in _edges(cell, old)]
        random.shuffle(edges)
        nodes.append(CellNode(*edges))
    assert canonical_cell(Cell(tuple(nodes)), reduces) == canonical_cell(cell, reduces)


def _edges(cell, i):
    return (cell.nodes[i].left, cell.nodes[i].right)


@pytest.mark.parametrize(
    ("genes", "same_as"),
    [
        # The source of an edge that carries nothing.
        ([("none@1", "conv_3x3@0")], [("conv_3x3@0", "none@0")]),
        # A node that reads a node without a value.
        ([("none@0", "none@1"), ("conv_3x3@0", "max_pool_3x3@2")], [("conv_3x3@0", "none@0")]),
        # A pooling taken twice.
        (
            [("conv_1x1@0", "none@0"), ("max_pool_3x3@0", "max_pool_3x3@0")],
            [("conv_1x1@0", "none@0"), ("max_pool_3x3@0", "none@0")],
        ),
        # A node that only passes another one on.
        (
            [("conv_1x1@0", "none@0"), ("identity@2", "none@0"), ("depthwise_3x3@3", "none@0")],
            [("conv_1x1@0", "none@0"), ("depthwise_3x3@2", "none@0")],
        ),
    ],
)
def test_genes_without_effect_are_dropped(genes, same_as):
    assert canonical_cell(_cell(genes), False) == canonical_cell(_cell(same_as), False)


def test_equal_edges_with_weights_stay_two_edges():
    twin = _cell([("conv_3x3@0", "conv_3x3@0")])
    single = _cell([("conv_3x3@0", "none@0")])
    assert canonical_cell(twin, False) != canonical_cell(single, False)
    # Halving the plane makes even an identity a convolution.
    passing = _cell([("identity@0", "identity@0"), ("conv_1x1@0", "none@0")])
    assert canonical_cell(passing, True) != canonical_cell(passing, False)


def _cell(nodes):
    def edge(text):
        op, source = text.split("@")
        return Edge(int(source), EdgeOp(op))

    made = [CellNode(edge(a), edge(b)) for a, b in nodes]
    return Cell((*made, *[CellNode(NONE, NONE)] * (LIMITS.nodes - len(made))))


@MILD
@given(spaces, seeds)
def test_samples_round_trip_and_give_feasible_networks(space, seed):
    arch = space.sample(np.random.default_rng(seed))
    assert space.from_json(json.loads(json.dumps(space.to_json(arch)))) == arch
    net = space.net(arch)
    assert all(min(shape) >= 1 for shape in net.shapes)
    assert LIMITS.min_cells <= arch.cells <= LIMITS.max_cells


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(spaces, seeds)
def test_neighbours_are_other_networks_each_once(space, seed):
    rng = np.random.default_rng(seed)
    arch = space.sample(rng)
    neighbours = space.neighbours(arch)
    nets = {space.net(n) for n in neighbours}
    assert len(nets) == len(neighbours)
    assert space.net(arch) not in nets
    keys = {space.key(n) for n in neighbours}
    assert len(keys) == len(neighbours)
    assert {space.key(space.mutate(arch, rng)) for _ in range(20)} <= keys
    assert all(space.from_json(space.to_json(n)) == n for n in neighbours)


@MILD
@given(spaces, seeds, seeds)
def test_crossover_takes_every_gene_from_a_parent(space, one, two):
    rng = np.random.default_rng(one)
    a, b = space.sample(rng), space.sample(np.random.default_rng(two))
    child = space.crossover(a, b, rng)
    space.net(child)
    assert child.normal in (a.normal, b.normal)
    assert child.reduction in (a.reduction, b.reduction)
    assert (child.stages, child.repeats) in ((a.stages, a.repeats), (b.stages, b.repeats))
    assert child.channels in (a.channels, b.channels)


def test_reduction_cell_strides_the_edges_from_the_cell_inputs_only():
    space = CellSpace((32, 32, 3), 10, LIMITS)
    normal = _cell([("conv_1x1@0", "none@0")])
    reduction = _cell([("conv_3x3@0", "none@0"), ("depthwise_5x5@2", "none@0"), ("max_pool_3x3@1", "none@0")])
    net = space.net(_arch(normal, reduction, stem_stride=1))
    conv = next(n for n in net.nodes if getattr(n.layer, "stride_h", 1) == 2)
    assert isinstance(conv.layer, Conv)
    depthwise = [n.layer for n in net.nodes if isinstance(n.layer, DepthwiseConv) and n.layer.kernel_h == 5]
    assert [d.stride_h for d in depthwise] == [1]
    pools = [n.layer for n in net.nodes if isinstance(n.layer, Pool)]
    assert [(p.stride_h, p.stride_w) for p in pools] == [(2, 2)]
    joined = [net.shapes[i] for i, n in enumerate(net.nodes) if isinstance(n.layer, Concat)]
    assert joined == [(16, 16, 3 * 16)]


def test_residual_cell_is_a_residual():
    """conv(x) + x, with the sum as output, is one convolution and one ADD per cell."""
    space = CellSpace((32, 32, 3), 10, LIMITS)
    net = space.net(_arch(_cell([("conv_3x3@0", "identity@0")]), output=Output.ADD))
    adds = [n for n in net.nodes if isinstance(n.layer, Add)]
    assert len(adds) == 2  # one normal cell before the reduction, one behind it
    assert all(node.inputs[0] != node.inputs[1] for node in adds)


def test_samples_cover_the_sizes():
    space = make_space(SpaceConfig(name="cell"), (28, 28, 1), 10)
    sizes = np.log([space.net(space.sample(np.random.default_rng([1, i]))).parameters for i in range(200)])
    low, high = np.percentile(sizes, (5, 95))
    assert high - low > np.log(30)


def test_smaller_forms_have_the_same_cells_from_narrow_to_wide_and_then_in_the_shortest_stack():
    space = make_space(SpaceConfig(name="cell"), (64, 1, 3), 3)
    arch = next(a for i in range(99) if (a := space.sample(np.random.default_rng([3, i]))).cells > 4)
    own, short = space.smaller(arch)
    assert [one.channels for one in own] == [w for w in space.limits.widths if w <= arch.channels]
    assert own[-1] == arch
    assert {one.cells for one in short} == {min(stages * r + stages - 1 for stages, r in space.limits.stacks)}
    assert {one.normal for one in (*own, *short)} == {arch.normal}
    for one in (own[0], *short[:2]):
        assert space.from_json(space.to_json(one)) == one


@pytest.mark.parametrize("shape", SHAPES)
def test_baseline_networks_are_of_the_space(shape):
    space = CellSpace(shape, 3, LIMITS)
    archs = space.baselines()
    assert all(space.from_json(space.to_json(arch)) == arch for arch in archs)
    sizes = [len(write_tflite(shape_graph(space.net(arch)))) for arch in archs]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > 3 * sizes[-1]


@pytest.mark.parametrize(
    ("gene", "value", "message"),
    [
        ("channels", 6, "channels: 6"),
        ("stages", 9, "stages: 9"),
        ("stages", 3, "stages 3 with repeats 2: 8 cells"),
        ("output", "mul", "output: 'mul'"),
        ("normal", [], "normal: a list of 3 nodes"),
        ("normal", [[[0, "conv_3x3"]]] * 3, r"normal\[0\]: two edges"),
        ("normal", [[[0, "conv_3x3"], [2, "none"]]] * 3, r"normal\[0\]\[1\].source: 2"),
        ("reduction", [[[0, "conv_9x9"], [0, "none"]]] * 3, r"reduction\[0\]\[0\].op: 'conv_9x9'"),
        ("reduction", [[[0, "max_pool_3x3"], [0, "none"]]] * 3, "reduction: no edge with weights"),
        ("normal", [[[1, "conv_3x3"], [0, "none"]]] * 3, "none from the previous cell"),
        ("kernel", 3, "missing or unknown genes: kernel"),
    ],
)
def test_wrong_genes_are_refused_by_name(gene, value, message):
    space = CellSpace((28, 28, 1), 10, LIMITS)
    arch = _arch(_cell([("conv_3x3@0", "none@0")]), repeats=2)
    data = space.to_json(arch)
    data[gene] = value
    with pytest.raises(SpaceError, match=message):
        space.from_json(data)


def test_a_cell_that_skips_its_predecessor_has_no_network():
    space = CellSpace((28, 28, 1), 10, LIMITS)
    with pytest.raises(SpaceError, match="previous cell"):
        space.net(replace(_arch(_cell([("conv_3x3@1", "none@0")]))))
