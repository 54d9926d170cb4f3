"""Portable kernels on the host against TFLite Micro's: every op, random shapes and scales, every element."""

from __future__ import annotations

import pytest

from tests.support.kernel_fuzz import assert_equal_to_tflm, fuzz_cases
from tests.support.model_runner import run_on_host


@pytest.mark.parametrize("compiler", ["gcc", pytest.param("clang", marks=pytest.mark.exhaustive)])
def test_portable_kernels_equal_tflite_micro(compiler, tmp_path):
    cases = fuzz_cases(seed=20 if compiler == "gcc" else 21)
    assert_equal_to_tflm(cases, run_on_host(cases, tmp_path, compiler))
