"""The proof that a timer counts instructions holds in an emulator that counts by blocks, as Renode does.

Without a block of its own before the first reading, the compiler's code around it counts for one loop and not
for the other: 203 instructions where 200 were executed, and every Cortex-M0+ was left without a counter.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from micronas.codegen.toolchain import GCC, find_gcc
from tests.support.block_counter import call_with_block_counter
from tests.support.paths import FIRMWARE

COMMON = FIRMWARE / "port" / "common"
PROOF = COMMON / "mn_instruction_counter.c"
OPTIMISATIONS = ("-O1", "-O2", "-O3", "-Os")


@pytest.fixture(autouse=True)
def compiler() -> None:
    if find_gcc() is None:
        pytest.skip(f"{GCC} is not on PATH")


def proves(source: Path, folder: Path, optimisation: str) -> bool:
    return bool(
        call_with_block_counter([source], [COMMON], "mn_counts_instructions", folder, optimisation) & 1
    )


@pytest.mark.parametrize("optimisation", OPTIMISATIONS)
def test_a_counter_that_counts_by_blocks_is_an_instruction_counter(tmp_path: Path, optimisation: str) -> None:
    assert proves(PROOF, tmp_path, optimisation)


def test_the_branch_before_the_first_reading_is_what_it_takes(tmp_path: Path) -> None:
    """The code of before, at the firmware's -O2: the stand-in refuses it as Renode did."""
    text = PROOF.read_text(encoding="utf-8")
    branch = [line for line in text.splitlines() if '"b 2f' in line]
    assert len(branch) == 1
    source = tmp_path / "before.c"
    source.write_text(text.replace(branch[0] + "\n", ""), encoding="utf-8")
    assert not proves(source, tmp_path, "-O2")
