"""Convolutions and dense layers without scratch, which networks fall back on that do not fit otherwise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from micronas.board import Core
from micronas.codegen.lowering import Target
from micronas.codegen.lowering.lower import lower_graph
from micronas.memory.plan import plan_memory
from tests.support.corner_cases import corner_cases
from tests.support.dsp_cases import dsp_corner_cases
from tests.support.kernel_fuzz import assert_equal_to_tflm
from tests.support.model_runner import Case, run_in_emulator, run_on_host
from tests.support.oracle import random_inputs
from tests.support.random_cases import random_case

KINDS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")


def cases(seed: int, count: int) -> list[Case]:
    """Random ones, and every third of the corners: fused activations, groups, dilation and multipliers."""
    rng = np.random.default_rng(seed)
    corners = [g for g in (*corner_cases(rng), *dsp_corner_cases(rng)) if g.ops[0].kind in KINDS]
    graphs = [random_case(kind, rng) for kind in KINDS for _ in range(count)] + corners[seed % 3 :: 3]
    return [(graph, random_inputs(graph, rng, 2)) for graph in graphs]


def test_they_equal_tflite_micro_under_sanitizers(tmp_path: Path) -> None:
    """With the planner, so that an output lies over its input as far as the lowering allows."""
    target, made = Target(Core.M0PLUS, no_scratch=True), cases(60, 16)
    assert_equal_to_tflm(made, run_on_host(made, tmp_path, planner=plan_memory, target=target))


@pytest.mark.emulator
def test_they_equal_tflite_micro_on_a_core_with_dsp(tmp_path: Path) -> None:
    target, made = Target(Core.M4F, no_scratch=True), cases(61, 5)
    assert_equal_to_tflm(made, run_in_emulator(made, tmp_path, Core.M4F, plan_memory, target=target))


@pytest.mark.parametrize("core", [Core.M0PLUS, Core.M4F])
def test_they_take_no_scratch_but_one_pixel_below_the_scales_of_the_output(core: Core) -> None:
    for graph, _ in cases(62, 40):
        (call,) = lower_graph(graph, Target(core, no_scratch=True))
        assert call.scratch_bytes <= 8 * graph.tensors[graph.outputs[0]].shape[-1]
        assert call.scratch_bytes == 0 or call.kernel == "mn_conv2d_1x1_s8"
