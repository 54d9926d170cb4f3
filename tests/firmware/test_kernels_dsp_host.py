"""The DSP kernels on the host, under AddressSanitizer and UBSan, against TFLite Micro.

Their instructions are functions of C (``tests/support/dsp_host``), and so is what is in assembly. The
emulator tests show that the real ones give the same; these, that no kernel overflows or reads past its
constants.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from micronas.board import Core
from micronas.codegen.lowering import Blocks, Swap, Target
from micronas.codegen.lowering.blocks import by_blocks
from micronas.codegen.lowering.lower import lower_graph
from tests.support.dsp_cases import dsp_corner_cases
from tests.support.kernel_fuzz import assert_equal_to_tflm, fuzz_cases
from tests.support.model_runner import KERNELS, run_dsp_on_host
from tests.support.oracle import random_inputs


@pytest.mark.parametrize("block_bytes", [0, 4096], ids=["by pixels", "by blocks"])
def test_dsp_kernels_equal_tflite_micro_under_sanitizers(block_bytes: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(41)
    cases = fuzz_cases(seed=40)
    cases += [(graph, random_inputs(graph, rng, 2)) for graph in dsp_corner_cases(rng)]
    assert_equal_to_tflm(cases, run_dsp_on_host(cases, tmp_path, block_bytes))


def test_every_dsp_kernel_is_among_them() -> None:
    rng = np.random.default_rng(41)
    graphs = [graph for graph, _ in fuzz_cases(seed=40)] + dsp_corner_cases(rng)
    lowered = [low for graph in graphs for low in lower_graph(graph, Target(Core.M4F))]
    used = {low.kernel for low in lowered} | {
        low.blocks.kernel for low in lowered if isinstance(low.blocks, (Blocks, Swap))
    }
    used |= {by_blocks(low, 4096).kernel for low in lowered}
    text = "".join(path.read_text() for path in sorted(KERNELS.glob("mn_*_dsp.c")))
    declared = set(re.findall(r"^mn_status (mn_\w+_dsp)\(", text, re.MULTILINE))
    assert declared - used == set()
