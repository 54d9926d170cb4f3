"""The features of an op, whichever form of its kernel the plan has room for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from micronas.board import Core
from micronas.codegen.lowering import Blocks, Lowered, Target
from micronas.codegen.lowering.blocks import by_blocks
from micronas.codegen.lowering.lower import lower_graph
from micronas.codegen.lowering.row_window import row_op
from micronas.codegen.lowering.rows import at_height, lower_rows
from micronas.config import SpaceConfig
from micronas.latency import features_of
from micronas.latency.features import OpFeatures, classes_before_training
from micronas.latency.fine_features import fine_features_of
from micronas.model.graph import Graph
from micronas.model.net import Conv, NetBuilder, shape_graph
from micronas.space import make_space
from micronas.space.reference import reference_net


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
        assert any(form in wide[i].kernel_class for form in ("block", "tiles", "lines"))
        if "block" not in wide[i].kernel_class:
            continue
        if "block" in narrow[i].kernel_class and narrow[i].values[5] > 0:  # else its weights are not staged
            assert 0 < wide[i].values[5] <= narrow[i].values[5]
        assert all(value >= 0 for value in wide[i].values)


def test_tiles_count_their_transforms_and_their_quads() -> None:
    """9x9 outputs: 5x5 tiles, 9 of which have all of their 4x4 inputs inside. By all rows at a time, they are
    7 quads, and the kernels of 4 pairs of outputs are transformed once; by rows, 10 quads and five times.
    """
    graph = shape_graph(NetBuilder((9, 9, 8)).chain(Conv(8, 3, 3)).build())
    (low,) = lower_graph(graph, Target(Core.M4F))
    assert isinstance(low.blocks, Blocks)
    assert low.blocks.tiles is not None
    once = by_blocks(low, low.blocks.tiles.scratch_bytes(5))
    by_rows = replace(once, params=tuple(replace(f, value=1) if f.name == "rows" else f for f in once.params))
    tiles = (1, 25, 25 * 8, 16, 16 * 8)
    for call, blocks, quads in ((once, 1, 7), (by_rows, 5, 10)):
        assert call.kernel == "mn_conv2d_tiles_dsp"
        (fine,), (coarse,) = fine_features_of(graph, [call]), features_of(graph, [call])
        assert fine.values == (*tiles, blocks * 4, blocks * 32, quads * 4, quads * 32, 100)
        assert coarse.values == (1, 25 * 8, blocks * 576, quads * 4, quads * 576)


def test_a_stem_counts_its_rows_and_its_quads() -> None:
    """9x22 outputs of 3 pairs: 11 rows, padding among them, of 66 inputs. Windows begin with both halves of a
    word, so a row has twice 11 windows: 2 quads, and one that begins earlier. With stride 2, 5x11 outputs.
    """
    for stride, halves, rows, starts, quads in ((1, 2, 11, 36, 54), (2, 1, 11, 10, 15)):
        graph = shape_graph(NetBuilder((9, 22, 3)).chain(Conv(6, 3, 3, stride, stride)).build())
        call = by_blocks(lower_graph(graph, Target(Core.M4F))[0], 9999)
        assert call.kernel == "mn_conv2d_stem_dsp"
        (fine,), (coarse,) = fine_features_of(graph, [call]), features_of(graph, [call])
        assert fine.values == (1, 3 * halves, rows, 66 * rows, starts, 3 * starts, 3 * quads)
        assert coarse.values == (1, 66 * rows, 3 * starts, 3 * quads)


@pytest.mark.parametrize(("side", "quads", "two", "three"), [(4, 4, 0, 0), (3, 2, 1, 0)])
def test_one_or_two_pixels_behind_whole_quads_run_as_a_pair(
    side: int, quads: int, two: int, three: int
) -> None:
    """8 channels to 4: 32 products of a pixel; 9 pixels are two quads and one."""
    graph = shape_graph(NetBuilder((side, side, 8)).chain(Conv(4, 1, 1)).build())
    call = by_blocks(lower_graph(graph, Target(Core.M4F))[0], 9999)
    (fine,) = fine_features_of(graph, [call])
    widened = (quads + two) * 8
    pair, staged = (2 * two, 32 * two), (1, 2, 32, 2 * three, 32 * three)
    wanted = (1, quads + two, 2 * quads, 32 * quads, widened, 0, *pair, *staged)
    assert fine.kernel_class.endswith("staged")
    assert fine.values == wanted


def test_few_inputs_count_their_quads_and_copied_pixels() -> None:
    """5x7 outputs of 3 pairs: 8 quads, and three pixels by way of copies. With strides, 9 rows of 2 quads."""
    for size, stride, starts, quads, copied in (((5, 7), 1, 2, 9, 3), ((17, 16), 2, 9, 18, 0)):
        graph = shape_graph(NetBuilder((*size, 8)).chain(Conv(6, 1, 1, stride, stride)).build())
        call = by_blocks(lower_graph(graph, Target(Core.M4F))[0], 9999)
        assert call.kernel == "mn_conv2d_few_dsp"
        (fine,), (coarse,) = fine_features_of(graph, [call]), features_of(graph, [call])
        per_quad = (quads, 8 * quads, 3 * quads, 24 * quads)
        assert fine.values == (1, 3, 24, starts, *per_quad, copied, 3 * copied)
        assert coarse.values == (1, 3 * quads, 24 * quads)


def test_before_training_few_inputs_may_end_in_each_way() -> None:
    classes = classes_before_training(OpFeatures("mn_conv2d_few_dsp/exact", ()))
    short = {f"mn_conv2d_few_dsp/short/{ends}" for ends in ("from_zero", "by_shifts")}
    assert {op.kernel_class for op in classes} > {*short, "mn_conv2d_few_dsp/exact"}


def test_an_op_by_rows_costs_what_its_steps_cost() -> None:
    """Each step as the op lowered to an image of its rows, whatever the most rows of a step are."""
    graph, target = shape_graph(reference_net("mlperf_tiny_kws")), Target(Core.M4F)
    for index in range(3):
        chain_op = row_op(graph, graph.ops[index])
        low = lower_rows(graph, index, chain_op, 4, target)
        single = replace(graph, ops=(graph.ops[index],))
        in_steps = replace(low, row_call=replace(low.row_call, heights=(4, 4, 3)))
        steps = [replace(low, row_call=replace(low.row_call, heights=(height,))) for height in (4, 3)]
        (whole,), (four,), (three,) = (fine_features_of(single, (each,)) for each in (in_steps, *steps))
        wanted = [2 * a + b for a, b in zip(four.values, three.values, strict=True)]
        assert whole.values == pytest.approx(wanted)
        params = {f.name: f.value for f in lower_rows(graph, index, chain_op, 3, target).params}
        changed = {f.name: f.value for f in at_height(low, 3).params}
        assert [changed[n] for n in ("in_h", "out_h")] == [params[n] for n in ("in_h", "out_h")]
