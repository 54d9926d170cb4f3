"""The corners of every kernel, on the host and in QEMU; and whether the suites reach all of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest

from micronas.board import Core
from micronas.codegen.lowering import Lowered, Target
from micronas.codegen.lowering.blocks import by_blocks
from micronas.codegen.lowering.lower import lower_graph
from micronas.memory.plan import plan_memory
from micronas.model.graph import Graph, Op
from tests.support.corner_cases import corner_cases
from tests.support.dsp_cases import dsp_corner_cases
from tests.support.kernel_fuzz import assert_equal_to_tflm, fuzz_cases
from tests.support.model_runner import KERNELS, run_in_emulator, run_on_host
from tests.support.oracle import random_inputs

_CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D")


def all_corners(seed: int):
    rng = np.random.default_rng(seed)
    graphs = [*corner_cases(rng), *dsp_corner_cases(rng)]
    return [(graph, random_inputs(graph, rng, 2)) for graph in graphs]


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_portable_kernels_in_the_corners(compiler, tmp_path):
    cases = all_corners(seed=70)
    assert_equal_to_tflm(cases, run_on_host(cases, tmp_path, compiler))


@pytest.mark.emulator
@pytest.mark.parametrize("core", [Core.M0PLUS, Core.M4F], ids=lambda core: core.name)
def test_kernels_of_the_core_in_the_corners(core, tmp_path):
    cases = all_corners(seed=71)
    assert_equal_to_tflm(cases, run_in_emulator(cases, tmp_path, core, plan_memory))


def lowered_cases(core: Core) -> list[tuple[Graph, Op, Lowered]]:
    graphs = [graph for graph, _ in [*fuzz_cases(seed=20), *all_corners(seed=71)]]
    return [(graph, graph.ops[0], lower_graph(graph, Target(core))[0]) for graph in graphs]


@pytest.mark.parametrize("core", [Core.M0PLUS, Core.M4F], ids=lambda core: core.name)
def test_every_kernel_is_reached(core):
    declared = set()
    for header in KERNELS.glob("*.h"):
        declared |= set(re.findall(r"^mn_status (mn_\w+)\(", header.read_text(), re.M))
    wanted = {name for name in declared if core.has_dsp or not name.endswith("_dsp")}
    wanted -= {"mn_model_run", "mn_model_run_step"}
    wanted -= {"mn_average_rows_s8", "mn_average_few_rows_s8", "mn_drop_rows"}  # test_kernels_rows
    if core.has_dsp:  # the DSP forms take all of their cases
        wanted -= {"mn_conv2d_1x1_s8"}
    reached = {low.kernel for _, _, low in lowered_cases(core)}
    reached |= {by_blocks(low, 100_000).kernel for _, _, low in lowered_cases(core)}  # test_kernels_blocks
    without_scratch = Target(core, no_scratch=True)  # test_kernels_without_scratch
    reached |= {lower_graph(graph, without_scratch)[0].kernel for graph, _, _ in lowered_cases(core)}
    assert reached >= wanted


def test_every_corner_is_reached_for_every_weighted_op():
    """Left shifts, vanishing scales, zero points at the ends, asymmetric SAME, sums of no whole words."""
    reached: Counter[tuple[str, str]] = Counter()
    for graph, op, low in lowered_cases(Core.M0PLUS):
        reached.update((op.kind, corner) for corner in corners_of(graph, op, low))
    least = {
        (kind, corner): 10
        for kind in (*_CONVOLUTIONS, "FULLY_CONNECTED")
        for corner in ("left shift", "right shift over 22", "x at an end", "y at an end")
    }
    least |= {(kind, "asymmetric SAME"): 10 for kind in _CONVOLUTIONS}
    least |= {(kind, "odd outputs"): 10 for kind in ("CONV_2D", "FULLY_CONNECTED")}
    least |= {(kind, "terms no multiple of four"): 10 for kind in ("CONV_2D", "FULLY_CONNECTED")}
    assert {key: reached[key] for key, count in least.items() if reached[key] < count} == {}


def corners_of(graph: Graph, op: Op, low: Lowered) -> Iterator[str]:
    if op.kind not in (*_CONVOLUTIONS, "FULLY_CONNECTED"):
        return
    fields = {field.name: field.value for field in low.params}
    tables = [c.values for c in low.constants if c.name == "channels" and c.values is not None]
    shifts = tables[0][:, 2] if tables else np.array([fields["shift"]])
    x, w, y = (graph.tensors[t] for t in (op.inputs[0], op.inputs[1], op.outputs[0]))
    rows = w.shape[3] if op.kind == "DEPTHWISE_CONV_2D" else w.shape[0]
    checks = {
        "left shift": (shifts > 0).any(),
        "right shift over 22": (shifts < -22).any(),
        "x at an end": x.quant is not None and x.quant.zero_point[0] in (-128, 127),
        "y at an end": y.quant is not None and y.quant.zero_point[0] in (-128, 127),
        "odd outputs": rows % 2 != 0,
        "terms no multiple of four": w.elements // rows % 4 != 0,
        "asymmetric SAME": op.kind in _CONVOLUTIONS and is_asymmetric(fields),
    }
    yield from (name for name, holds in checks.items() if holds)


def is_asymmetric(fields: dict[str, object]) -> bool:
    """Whether the windows reach further over the end of the input than over its start."""

    def behind(axis: str) -> int:
        size, outputs, taps, stride, dilation = (
            int(str(fields[f"{name}_{axis}"])) for name in ("in", "out", "kernel", "stride", "dilation")
        )
        return (outputs - 1) * stride + (taps - 1) * dilation + 1 - size

    return any(
        behind(axis) > 2 * int(str(fields[pad])) for axis, pad in (("h", "pad_top"), ("w", "pad_left"))
    )
