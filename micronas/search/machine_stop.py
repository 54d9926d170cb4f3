"""A fault of the machine stops a search and is not stored, so that resuming repeats the work."""

from __future__ import annotations

from micronas.errors import MachineError


def stopped_by(fault: MachineError, what: str) -> MachineError:
    """``fault``, with the work that it prevented and how to continue."""
    cause = fault.remedy or "find the cause"
    return MachineError(
        f"{what} was stopped by a fault of this machine: {fault.message}",
        remedy=f"{cause}; then continue with --resume: {what} was not stored and is repeated",
    )
