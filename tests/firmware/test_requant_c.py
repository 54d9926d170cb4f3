"""The C of the requantization, on the host, against exact integers."""

from __future__ import annotations

import itertools
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.support.host_c import COMPILERS, build_program
from tests.support.paths import FIRMWARE, SUPPORT

KERNELS = FIRMWARE / "lib" / "mn_kernels"
PROGRAM = SUPPORT / "host_c_programs" / "high_multiply.c"
CORNERS = [
    value
    for edge in (0, 1 << 14, 1 << 15, 1 << 16, 1 << 30, (1 << 31) - 1)
    for value in (edge - 1, edge, edge + 1, -edge - 1, -edge, 1 - edge)
    if -(2**31) <= value < 2**31
]


@pytest.mark.parametrize("compiler", COMPILERS)
def test_both_high_multiplications_are_the_rounded_high_word(compiler: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    pairs = np.concatenate(
        [
            np.array([p for p in itertools.product(CORNERS, repeat=2) if p != (-(2**31),) * 2]),
            rng.integers(-(2**31) + 1, 2**31, (100_000, 2)),
            rng.integers(-(2**17), 2**17, (100_000, 2)) * (1 << rng.integers(0, 14, (100_000, 1))),
        ]
    )
    program = build_program(compiler, [PROGRAM], [KERNELS], tmp_path / "high_multiply")
    sent = pairs.astype(np.int32).tobytes()
    done = subprocess.run([program], input=sent, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode()
    results = np.frombuffer(done.stdout, np.int32).reshape(-1, 2)
    exact = (pairs[:, 0] * pairs[:, 1] + 2**30) >> 31
    assert np.array_equal(results[:, 0], exact)
    assert np.array_equal(results[:, 1], exact)
