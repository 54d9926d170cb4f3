"""The proof that a timer counts instructions holds in an emulator that counts by blocks, as Renode does.

Without a block of its own before the first reading, the compiler's code around it counts for one loop and not
for the other: 203 instructions where 200 were executed, and every Cortex-M0+ was left without a counter.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.block_counter import counter_readings
from tests.support.paths import FIRMWARE

COMMON = FIRMWARE / "port" / "common"
PROOF = COMMON / "mn_instruction_counter.c"
OPTIMISATIONS = ("-O1", "-O2", "-O3", "-Os")
ROUNDS = 100

pytestmark = pytest.mark.emulator


def loops(source: Path, folder: Path, optimisation: str) -> tuple[int, int]:
    """Instructions by the counter of ``ROUNDS`` more rounds of the proof's two loops.

    The loop of 8 instructions runs longer than that of 2, and twice the rounds longer than once: so the four
    durations tell which is which, in whatever order the compiler runs them.
    """
    read = counter_readings([source], [COMMON], "mn_counts_instructions", folder, optimisation)
    assert len(read) == 8
    lasted = sorted(after - before for before, after in zip(read[::2], read[1::2], strict=True))
    return lasted[1] - lasted[0], lasted[3] - lasted[2]


@pytest.mark.parametrize("optimisation", OPTIMISATIONS)
def test_a_counter_that_counts_by_blocks_is_an_instruction_counter(tmp_path: Path, optimisation: str) -> None:
    assert loops(PROOF, tmp_path, optimisation) == (2 * ROUNDS, 8 * ROUNDS)


def test_the_branch_before_the_first_reading_is_what_it_takes(tmp_path: Path) -> None:
    """The code of before, at the firmware's -O2: counts as wrong as in Renode."""
    text = PROOF.read_text(encoding="utf-8")
    branch = [line for line in text.splitlines() if '"b 2f' in line]
    assert len(branch) == 1
    source = tmp_path / "before.c"
    source.write_text(text.replace(branch[0] + "\n", ""), encoding="utf-8")
    assert loops(source, tmp_path, "-O2") != (2 * ROUNDS, 8 * ROUNDS)
