"""The features of an op, whichever form of its kernel the plan has room for."""

from __future__ import annotations

from micronas.board import Core
from micronas.codegen.lowering import Blocks, Lowered, Target
from micronas.codegen.lowering.blocks import by_blocks
from micronas.codegen.lowering.lower import lower_graph
from micronas.config import SpaceConfig
from micronas.latency import features_of
from micronas.model.graph import Graph
from micronas.model.net import shape_graph
from micronas.space import make_space


def network() -> tuple[Graph, tuple[Lowered, ...]]:
    space = make_space(SpaceConfig(), (16, 16, 1), 4)
    graph = shape_graph(space.net(space.baselines()[0]))
    return graph, tuple(lower_graph(graph, Target(Core.M4F)))


def test_a_block_form_has_its_own_class_and_counts_its_passes_over_the_weights() -> None:
    graph, singles = network()
    wide = features_of(graph, [by_blocks(low, 64 * 1024) for low in singles])
    narrow = features_of(graph, [by_blocks(low, low.scratch_bytes * 4) for low in singles])
    plain = features_of(graph, singles)
    convs = [i for i, low in enumerate(singles) if isinstance(low.blocks, Blocks)]
    assert convs
    for i in convs:
        assert wide[i].kernel_class != plain[i].kernel_class
        assert "block" in wide[i].kernel_class
        if "block" in narrow[i].kernel_class and narrow[i].values[5] > 0:  # else its weights are not staged
            assert 0 < wide[i].values[5] <= narrow[i].values[5]
        assert all(value >= 0 for value in wide[i].values)
