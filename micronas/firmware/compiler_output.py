"""From a failed build's output to one error; a linker overflow becomes a verdict with the bytes over."""

from __future__ import annotations

import re

from micronas.errors import BudgetError, BuildError, MachineError, MicronasError
from micronas.host.machine_fault import fault_in_words
from micronas.host.program_output import shown

_OVERFLOW = re.compile(r"region [`'](\w+)' overflowed by (\d+) bytes?")
_ERROR_LINE = re.compile(r"(?:error|undefined reference|multiple definition|cannot find)\b", re.I)
_SHOWN_LINES = 5


def build_failure(output: str, board_name: str) -> MicronasError:
    """The error for ``output``: ``BudgetError`` for an overflow, ``MachineError`` for a full disk and other
    faults of the machine, else ``BuildError``.
    """
    overflows = {match[1]: int(match[2]) for match in _OVERFLOW.finditer(output)}
    if overflows:
        over = ", ".join(f"{region} by {count} bytes" for region, count in overflows.items())
        return BudgetError(
            f"the linked firmware does not fit {board_name}: over {over}",
            remedy="to save flash, use fewer channels; to save SRAM, a smaller input or earlier strides",
        )
    if (fault := fault_in_words(output)) is not None:
        return MachineError(
            f"the firmware for {board_name} did not build: {fault.message}", remedy=fault.remedy
        )
    lines = [line.strip() for line in output.splitlines() if _ERROR_LINE.search(line)]
    found = lines[:_SHOWN_LINES] or output.strip().splitlines()[-_SHOWN_LINES:]
    return BuildError(
        f"the firmware for {board_name} did not build:\n    " + "\n    ".join(map(shown, found))
    )
