"""A failed build's output becomes one message, short and without control characters."""

from __future__ import annotations

from micronas.errors import BudgetError, BuildError, MachineError
from micronas.firmware.compiler_output import build_failure


def test_lines_with_an_error_are_shown_escaped_and_short() -> None:
    error = build_failure(f"noise\nmain.c:3: error: \x1b[2J\x07{'x' * 5000}\n", "b")
    assert isinstance(error, BuildError)
    assert r"main.c:3: error: \x1b[2J\x07" in error.message
    assert "characters left out" in error.message
    assert len(error.message) < 800
    assert "noise" not in error.message


def test_without_such_a_line_the_last_ones_are_shown() -> None:
    error = build_failure("\n".join(f"line {i}" for i in range(9)), "b")
    assert error.message.splitlines()[1:] == [f"    line {i}" for i in range(4, 9)]


def test_an_overflow_is_a_verdict_and_a_full_disk_the_machines_fault() -> None:
    over = build_failure("region `sram' overflowed by 1234 bytes", "b")
    assert isinstance(over, BudgetError)
    assert "sram by 1234 bytes" in over.message
    full = build_failure("cc1: error: closing output file: No space left on device", "b")
    assert isinstance(full, MachineError)
