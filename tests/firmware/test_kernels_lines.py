"""Convolutions of one channel by lines of words, in QEMU, against TFLite Micro, and how they are chosen."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from micronas.board import Core
from micronas.codegen.lowering import Lowered, Target
from micronas.codegen.lowering.blocks import MAX_BYTES, by_blocks, step_sizes
from micronas.codegen.lowering.conv2d_lines import FORMS
from micronas.codegen.lowering.lower import lower_graph
from micronas.latency.features import features_of
from micronas.latency.fine_features import fine_features_of
from micronas.memory.plan import plan_memory
from micronas.model.graph import Graph
from micronas.model.op_attributes import Conv2D, Padding
from tests.support.dsp_cases import conv, one_channel, one_channel_stems
from tests.support.kernel_fuzz import assert_equal_to_tflm
from tests.support.model_runner import Case, flat_plan, run_in_emulator
from tests.support.oracle import random_inputs

SIZE, KERNEL, STRIDE = (49, 10), (10, 4), (2, 2)


def cases() -> list[Case]:
    rng = np.random.default_rng(19)
    return [(graph, random_inputs(graph, rng, 2)) for graph in one_channel_stems(rng)]


def lowered(graph: Graph, room: int = MAX_BYTES, target: Target | None = None) -> Lowered:
    return by_blocks(lower_graph(graph, target or Target(Core.M4F))[0], room)


def fields(low: Lowered) -> dict[str, int]:
    return {f.name: f.value for f in low.params if isinstance(f.value, int)}


@pytest.mark.emulator
@pytest.mark.parametrize(
    ("core", "planner"), [(Core.M4F, flat_plan), (Core.M4F, plan_memory), (Core.M7, plan_memory)]
)
def test_lines_equal_tflite_micro(core, planner, tmp_path):
    """In memory of their own, and where the output may lie on the input."""
    given = cases()
    assert_equal_to_tflm(given, run_in_emulator(given, tmp_path, core, planner, MAX_BYTES))


def test_the_cases_reach_every_corner():
    reached: Counter[str] = Counter()
    for graph, _ in cases():
        low = lowered(graph)
        if "lines" not in low.kernel:
            continue
        p = fields(low)
        along, across = ("h", "w") if p["is_vertical"] else ("w", "h")
        by_halves = p[f"conv.stride_{along}"] == 1 and not p["pairs_across"]
        reached[low.kernel] += 1
        reached["columns"] += p["is_vertical"]
        reached["words across"] += p["pairs_across"]
        reached["every second output"] += by_halves
        reached["some rows at a time"] += p["lines"] < p[f"conv.out_{across}"]
        reached["general requantization"] += p["conv.exact_finish"]
        if not by_halves:
            reached[f"{p[f'conv.out_{along}'] % 4} behind quads"] += 1
    assert len(reached) == len(FORMS) + 5 + 4
    assert min(reached.values()) >= 3, reached


def test_keywords_run_by_columns_of_five_chains_of_words():
    """49x10 to 25x5, 10x4: a column of 25 outputs has 4 chains of 25 + 4 words."""
    low = lower_graph(one_channel(np.random.default_rng(1), SIZE, KERNEL, STRIDE), Target(Core.M4F))[0]
    needed = 5 * 4 * 4 * 29
    found = by_blocks(low, needed)
    assert (found.kernel, found.scratch_bytes) == ("mn_conv2d_lines_4x5_dsp", needed)
    assert fields(found) | {"lines": 5, "is_vertical": 1, "pairs_across": 0} == fields(found)
    assert by_blocks(low, needed - 1).kernel == "mn_conv2d_block_dsp"
    assert [at.kernel for at in step_sizes(low, needed)][-1] == found.kernel


def test_a_large_image_goes_by_equal_parts_of_its_rows():
    """64x40, 3x3: 8 KB hold 24 rows of twice 42 words; 64 rows are three parts of 22."""
    low = lowered(one_channel(np.random.default_rng(2), (64, 40), (3, 3), (1, 1)))
    assert low.kernel == "mn_conv2d_lines_2x3_dsp"
    assert (fields(low)["lines"], low.scratch_bytes) == (22, 22 * 4 * 2 * 42)


def test_an_op_by_rows_takes_no_columns():
    graph = one_channel(np.random.default_rng(3), (49, 20), (3, 3), STRIDE)
    by_rows = replace(Target(Core.M4F), by_rows=True)
    assert fields(lowered(graph))["is_vertical"] == 1
    assert fields(lowered(graph, target=by_rows))["is_vertical"] == 0


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "outputs"),
    [
        ((9, 9), (3, 3), (1, 1), 3),
        ((9, 9), (3, 3), (3, 3), 4),
        ((3, 3), (3, 3), (1, 1), 4),
        ((9, 9), (7, 7), (1, 1), 4),
    ],
)
def test_others_run_by_blocks(size, kernel, stride, outputs):
    graph = one_channel(np.random.default_rng(4), size, kernel, stride, outputs=outputs)
    assert "lines" not in lowered(graph).kernel


def test_two_channels_and_dilated_windows_have_no_lines():
    rng = np.random.default_rng(5)
    graph = one_channel(rng, (16, 16), (3, 3), (1, 1), Padding.VALID)
    attrs = graph.ops[0].attrs
    assert isinstance(attrs, Conv2D)
    y = graph.ops[0].outputs[0]
    dilated = replace(graph, ops=(replace(graph.ops[0], attrs=replace(attrs, dilation_h=2, dilation_w=2)),))
    small = replace(graph.tensors[y], shape=(1, 12, 12, 4))
    dilated = replace(dilated, tensors=(*graph.tensors[:y], small, *graph.tensors[y + 1 :]))
    assert all("lines" not in lowered(g).kernel for g in (dilated, conv(rng, 9, 2, 4, 3)))


def test_prices_count_steps_lines_and_quads():
    """Keywords: 2 pairs; 5 columns of 7 quads, 4 chains and 116 words each, all in one step. A stream of 257,
    9x1: lines of 129 and 128 outputs, 33 and 32 quads, 4 words more each.
    """
    rng = np.random.default_rng(6)
    keywords = one_channel(rng, SIZE, KERNEL, STRIDE)
    stream = one_channel(rng, (257, 1), (9, 1), (1, 1))
    wanted = {0: (1, 2, 10, 70, 20, 580), 1: (1, 4, 4, 130, 2, 265)}
    for number, graph in enumerate((keywords, stream)):
        (fine,), (coarse,) = (make(graph, [lowered(graph)]) for make in (fine_features_of, features_of))
        assert fine.values == wanted[number]
        _, _, _, quads, _, words = wanted[number]
        assert coarse.values == (1, words, quads * (27, 12)[number])
        assert coarse.kernel_class.startswith("mn_conv2d_lines_dsp/")
