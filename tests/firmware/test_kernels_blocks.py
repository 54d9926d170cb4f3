"""Convolutions by blocks, in QEMU, against TFLite Micro: blocks of one quad, of a few and of whole images."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from micronas.board import Core
from micronas.codegen.lowering import Target
from micronas.codegen.lowering.blocks import by_blocks, step_sizes
from micronas.codegen.lowering.lower import lower_graph
from micronas.memory.plan import plan_memory
from micronas.model.op_attributes import Padding
from tests.support.corner_cases import corner_cases
from tests.support.dsp_cases import conv, depthwise, dsp_corner_cases, ending, few, linear, stem
from tests.support.kernel_fuzz import assert_equal_to_tflm
from tests.support.model_runner import Case, flat_plan, run_in_emulator
from tests.support.oracle import random_inputs
from tests.support.random_cases import random_case

ROOMS = (300, 4000, 100_000)
"""Bytes of scratch: at most a quad of small windows, some quads, and more than any case can use."""


def cases_of(seed: int) -> list[Case]:
    rng = np.random.default_rng(seed)
    graphs = [random_case("CONV_2D", rng) for _ in range(60)]
    graphs += [g for g in [*corner_cases(rng), *dsp_corner_cases(rng)] if g.ops[0].kind == "CONV_2D"]
    graphs += [conv(rng, size, 64, outputs, 1) for size, outputs in ((5, 48), (6, 96), (7, 33))]
    return [(graph, random_inputs(graph, rng, 2)) for graph in graphs]


@pytest.mark.emulator
@pytest.mark.parametrize("room", ROOMS)
def test_blocks_equal_tflite_micro(room, tmp_path):
    cases = cases_of(seed=room)
    assert_equal_to_tflm(cases, run_in_emulator(cases, tmp_path, Core.M4F, flat_plan, room))


@pytest.mark.emulator
@pytest.mark.parametrize("core", [Core.M4F, Core.M7], ids=lambda core: core.name)
def test_blocks_may_overlap_their_inputs_as_pairs_do(core, tmp_path):
    cases = cases_of(seed=5)
    assert_equal_to_tflm(cases, run_in_emulator(cases, tmp_path, core, plan_memory, 3000))


def test_the_cases_reach_every_corner_of_a_block():
    reached: Counter[str] = Counter()
    for room in ROOMS:
        for graph, _ in cases_of(seed=room):
            low = by_blocks(lower_graph(graph, Target(Core.M4F))[0], room)
            fields = {field.name: field.value for field in low.params}
            y = graph.tensors[graph.ops[0].outputs[0]]
            pixels = y.shape[1] * y.shape[2]
            if "rows" in fields:
                rows, groups = int(str(fields["rows"])), int(str(fields["conv.in_c"])) // 4
                reached[low.kernel] += 1
                reached["some rows of tiles"] += 2 * rows < y.shape[1]
                reached["parts of tiles"] += y.shape[1] % 2
                reached["turns with one, three or no groups left over"] += (groups - 1) % 4 != 3
                reached["general requantization of tiles"] += fields["conv.exact_finish"] == 1
            if "stem" in low.kernel:
                stride, width = int(str(fields["stride_w"])), y.shape[2]
                reached[low.kernel] += 1
                reached["windows that begin with either half of a word"] += stride == 1
                reached["rows of no whole quads"] += width % 4 != 0
                reached["general requantization of a stem"] += fields["exact_finish"] == 1
                reached["padding that is no whole word"] += int(str(fields["pad_left"])) % 2
            if "few" in low.kernel:
                channels = next(c.values for c in low.constants if c.ctype == "mn_channel")
                shifts = [-int(shift) for shift in channels[:, 2]]
                alike = fields["out_zero_point"] == -128 and min(shifts) >= 5 and max(shifts) <= 11
                strided = max(int(str(fields["stride_h"])), int(str(fields["stride_w"]))) > 1
                reached[low.kernel] += 1
                reached[f"few inputs: {fields['in_c']}"] += 1
                reached["few inputs: sums that end alike"] += alike and not fields["exact_finish"]
                reached["few inputs: sums that end by shifts"] += not alike and not fields["exact_finish"]
                reached["few inputs: general requantization"] += fields["exact_finish"] == 1
                reached["few inputs: strides"] += strided
                reached["few inputs: backwards"] += y.shape[3] > int(str(fields["in_c"])) and not strided
                for rest in (1, 2, 3):
                    reached[f"few inputs: {rest} pixels behind quads"] += pixels % 4 == rest
            if "quads" not in fields:
                continue
            quads = int(str(fields["quads"]))
            reached[low.kernel] += 1
            reached["one quad"] += quads == 1
            reached["several blocks"] += 1 < quads < pixels // 4
            reached["part of a quad"] += pixels % 4 == 3
            reached["two pixels or one behind a quad"] += pixels % 4 in (1, 2)
            reached["odd channels"] += y.shape[3] % 2
            reached["general requantization"] += fields["conv.exact_finish"] == 1
            reached["segments"] += int(str(fields["conv.segments"])) > 1
            reached["backwards"] += "1x1" in low.kernel and y.shape[3] > int(str(fields["conv.in_c"]))
    assert min(reached.values()) >= 3, reached
    assert len(reached) == 37


def test_a_block_is_as_large_as_it_is_of_use():
    graph = conv(np.random.default_rng(1), 6, 16, 7, 1)  # 36 pixels: 9 quads of 128 bytes, 32 to stage a pair
    low = lower_graph(graph, Target(Core.M4F))[0]
    scratch = {room: by_blocks(low, room).scratch_bytes for room in (127, 128, 287, 288, 1183, 1184, 9999)}
    assert scratch == {127: 64, 128: 128, 287: 128, 288: 288, 1183: 672, 1184: 1184, 9999: 1184}
    assert by_blocks(low, 127).kernel == "mn_conv2d_1x1_dsp"


def test_tiles_take_the_rows_that_fit_where_they_pay():
    """8x8 outputs of 16 channels: a quad of tiles of 2,096 bytes for each of 4 rows, and 1,536 besides.

    Of 5x5 outputs, less than 0.7 of all outputs of three quads are outputs of the op.
    """
    rng = np.random.default_rng(1)
    low = lower_graph(conv(rng, 8, 16, 8, 3), Target(Core.M4F))[0]
    found = {room: by_blocks(low, room) for room in (3631, 3632, 5728, 9920, 99_999)}
    rows = {room: [f.value for f in at.params if f.name == "rows"] for room, at in found.items()}
    assert rows == {3631: [], 3632: [1], 5728: [2], 9920: [4], 99_999: [4]}
    assert [at.scratch_bytes for at in found.values()][1:] == [3632, 5728, 9920, 9920]
    assert found[3631].kernel == "mn_conv2d_block_dsp"
    small = lower_graph(conv(rng, 5, 16, 8, 3), Target(Core.M4F))[0]
    assert by_blocks(small, 99_999).kernel == "mn_conv2d_block_dsp"


@pytest.mark.parametrize(("channels", "outputs", "kernel"), [(4, 8, 3), (10, 8, 3), (8, 7, 3), (8, 8, 5)])
def test_other_convolutions_have_no_tiles(channels, outputs, kernel):
    graph = conv(np.random.default_rng(2), 8, channels, outputs, kernel)
    assert by_blocks(lower_graph(graph, Target(Core.M4F))[0], 99_999).kernel == "mn_conv2d_block_dsp"


def test_a_stem_widens_rows_where_there_is_room_for_them():
    """12 columns, SAME: with stride 2, 5 outputs more begin 3 words apart each, and the last takes 5; with
    stride 1, 11 begin 3 halves apart, 4 of padding before the first, and a pair of outputs is kept twice.
    """
    rng = np.random.default_rng(3)
    for stride, words, pairs in (((2, 2), 15 + 5, 2), ((1, 1), (1 + 33) // 2 + 5, 4)):
        low = lower_graph(stem(rng, (9, 12), stride, Padding.SAME, 4), Target(Core.M4F))[0]
        needed = 12 * words + 92 * pairs
        assert by_blocks(low, needed).kernel == "mn_conv2d_stem_dsp"
        assert by_blocks(low, needed).scratch_bytes == needed
        assert by_blocks(low, needed - 1).kernel == "mn_conv2d_block_dsp"
        assert [at.kernel for at in step_sizes(low, needed)][-1] == "mn_conv2d_stem_dsp"
        assert all("stem" not in at.kernel for at in step_sizes(low, needed - 1))


@pytest.mark.parametrize(
    ("size", "stride", "outputs"),
    [((9, 6), (2, 2), 4), ((9, 7), (1, 1), 4), ((9, 12), (2, 2), 3), ((30, 30), (3, 3), 4)],
)
def test_other_stems_run_by_blocks(size, stride, outputs):
    graph = stem(np.random.default_rng(4), size, stride, Padding.SAME, outputs)
    assert by_blocks(lower_graph(graph, Target(Core.M4F))[0], 99_999).kernel == "mn_conv2d_block_dsp"


def test_few_inputs_are_widened_on_the_stack_where_their_weights_have_room():
    """8 inputs, 6 outputs: three pairs of two biases, 8 words of weights and two scales of three words, and a
    quad's outputs.
    """
    low = lower_graph(few(np.random.default_rng(5), (5, 7), 8, 6), Target(Core.M4F))[0]
    needed = 3 * 4 * (2 + 8 + 6) + 4 * 6
    assert by_blocks(low, needed).kernel == "mn_conv2d_few_dsp"
    assert by_blocks(low, needed).scratch_bytes == needed
    assert by_blocks(low, needed - 1).kernel == "mn_conv2d_1x1_block_dsp"
    assert [at.kernel for at in step_sizes(low, needed)][-1] == "mn_conv2d_few_dsp"
    assert all("few" not in at.kernel for at in step_sizes(low, needed - 1))


def test_the_kernel_for_few_inputs_does_not_depend_on_trained_values():
    """Else a network that a search accepts by its shapes could need more code once it is trained."""
    graph = few(np.random.default_rng(6), (6, 6), 8, 6)
    for scale, zero_point in ((0.11, -128), (0.11, 3), (20.0, -128), (0.0002, -5)):
        for other in (ending(graph, scale, zero_point), linear(ending(graph, scale, zero_point))):
            low = lower_graph(other, Target(Core.M4F))[0]
            assert by_blocks(low, 4096).kernel == "mn_conv2d_few_dsp"


@pytest.mark.parametrize(
    ("size", "channels", "outputs", "strides"),
    [
        *(((6, 6), channels, 8, (1, 1)) for channels in (6, 36)),
        *(((6, 6), 8, 7, (1, 1)), ((5, 6), 8, 8, (1, 1)), ((16, 18), 8, 8, (2, 2))),
    ],
)
def test_other_pointwise_convolutions_run_by_blocks(size, channels, outputs, strides):
    graph = few(np.random.default_rng(7), size, channels, outputs, strides)
    assert "block" in by_blocks(lower_graph(graph, Target(Core.M4F))[0], 99_999).kernel


@pytest.mark.parametrize(("channels", "kernel"), [(24, "mn_conv2d_few_dsp"), (28, "mn_conv2d_1x1_block_dsp")])
def test_without_relu_sums_of_more_than_24_inputs_have_no_room_in_a_cache(channels, kernel):
    graph = linear(few(np.random.default_rng(8), (6, 6), channels, 8))
    assert by_blocks(lower_graph(graph, Target(Core.M4F))[0], 99_999).kernel == kernel


def strip_cases() -> list[Case]:
    rng = np.random.default_rng(8)
    graphs = [random_case("DEPTHWISE_CONV_2D", rng) for _ in range(80)]
    graphs += [
        depthwise(rng, h, w, stride) for stride in (1, 2) for h, w in ((9, 9), (12, 7), (7, 12), (11, 1))
    ]
    graphs += [depthwise(rng, 9, 9, stride, (5, 5)) for stride in (1, 2, 3)]
    graphs += [
        g for g in [*corner_cases(rng), *dsp_corner_cases(rng)] if g.ops[0].kind == "DEPTHWISE_CONV_2D"
    ]
    return [(graph, random_inputs(graph, rng, 2)) for graph in graphs]


@pytest.mark.emulator
@pytest.mark.parametrize(("rows", "planner"), [(1, plan_memory), (2, plan_memory), (3, flat_plan)])
def test_strips_equal_tflite_micro(rows, planner, tmp_path, monkeypatch):
    """Strips of few rows of outputs; in place, most rows are read after some were written."""
    monkeypatch.setattr("micronas.codegen.lowering.depthwise_strips.MIN_ROWS", rows)
    monkeypatch.setattr("micronas.codegen.lowering.depthwise_strips.MIN_BYTES", 0)
    cases = strip_cases()
    lowered = [lower_graph(graph, Target(Core.M4F))[0] for graph, _ in cases]
    assert sum(low.kernel == "mn_depthwise_dsp" and low.blocks is not None for low in lowered) >= 20
    assert_equal_to_tflm(cases, run_in_emulator(cases, tmp_path, Core.M4F, planner))


def test_a_strip_is_as_high_as_there_is_room():
    graph = depthwise(np.random.default_rng(2), 40, 46, 1)  # 3x3, SAME: 48 columns of 2 bytes, 24 for weights
    low = lower_graph(graph, Target(Core.M4F))[0]
    scratch = {room: by_blocks(low, room).scratch_bytes for room in (0, 1200, 2200, 9999)}
    assert low.scratch_bytes == 96 * (8 + 2) + 48
    assert scratch == {0: 1008, 1200: 1200, 2200: 2160, 9999: 4080}
