"""Every kernel on the cores it is made for, in QEMU, against TFLite Micro: every op, every element."""

from __future__ import annotations

import pytest
from model_runner import run_in_emulator
from test_kernels_host import assert_equal_to_tflm, fuzz_cases

from micronas.board import Core


@pytest.mark.emulator
@pytest.mark.parametrize("core", [Core.M3, Core.M4F, Core.M7], ids=lambda core: core.name)
def test_kernels_equal_tflite_micro(core, tmp_path):
    cases = fuzz_cases(seed=30 + len(core.name))
    assert_equal_to_tflm(cases, run_in_emulator(cases, tmp_path, core))
