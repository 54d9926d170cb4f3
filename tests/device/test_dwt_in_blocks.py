"""CYCCNT in an emulator that counts by blocks of code, as Renode does: it must be seen to move.

Renode's translation library adds a block's instructions to its count once per block, so a counter reads the
same everywhere within one. Two readings without a branch in between would find that CYCCNT stands still.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from micronas.codegen.toolchain import GCC, find_gcc
from tests.support.paths import FIRMWARE

COMMON = FIRMWARE / "port" / "common"
ENDS_A_BLOCK = re.compile(r"(b|bl|bx|blx|cbz|cbnz)\s")


@pytest.mark.parametrize("core", ["cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33"])
def test_a_branch_lies_between_the_readings(core: str, tmp_path: Path) -> None:
    if find_gcc() is None:
        pytest.skip(f"{GCC} is not on PATH")
    source = tmp_path / "start.c"
    source.write_text('#include "mn_dwt.h"\nint start(void);\nint start(void) { return mn_dwt_start(); }\n')
    compiled = tmp_path / "start.s"
    flags = ["-std=c99", "-O2", "-mthumb", f"-mcpu={core}", "-Wall", "-Wextra", "-Wconversion", "-Werror"]
    subprocess.run([GCC, *flags, f"-I{COMMON}", "-S", str(source), "-o", str(compiled)], check=True)
    code = [line.strip() for line in compiled.read_text().splitlines()]
    readings = [i for i, line in enumerate(code) if re.fullmatch(r"ldr\s+r\d+, \[r\d+, #4\]", line)]
    assert len(readings) == 2
    between = code[readings[0] + 1 : readings[1]]
    assert any(ENDS_A_BLOCK.match(line) for line in between), between
