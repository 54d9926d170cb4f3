"""Every kernel on the cores it is made for, in QEMU, against TFLite Micro: every op, every element."""

from __future__ import annotations

import numpy as np
import pytest

from micronas.board import Core
from micronas.codegen.lowering import Target
from micronas.codegen.lowering.lower import lower_graph
from tests.support.dsp_cases import dsp_corner_cases
from tests.support.kernel_fuzz import assert_equal_to_tflm, fuzz_cases
from tests.support.model_runner import run_in_emulator
from tests.support.oracle import random_inputs

pytestmark = pytest.mark.emulator


@pytest.mark.parametrize("core", [Core.M0PLUS, Core.M3, Core.M4F, Core.M7], ids=lambda core: core.name)
def test_kernels_equal_tflite_micro(core, tmp_path):
    cases = fuzz_cases(seed=30 + len(core.name))
    assert_equal_to_tflm(cases, run_in_emulator(cases, tmp_path, core))


def test_corners_of_the_dsp_kernels_equal_tflite_micro(tmp_path):
    rng = np.random.default_rng(11)
    graphs = dsp_corner_cases(rng)
    kernels = {lower_graph(graph, Target(Core.M4F))[0].kernel for graph in graphs}
    assert all("_dsp" in kernel for kernel in kernels)
    cases = [(graph, random_inputs(graph, rng, 3)) for graph in graphs]
    assert_equal_to_tflm(cases, run_in_emulator(cases, tmp_path, Core.M4F))
