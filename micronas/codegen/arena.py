"""What the generator needs of a memory plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class ArenaPlan(Protocol):
    """Where each activation and each op's scratch lies; ``micronas.plan.Plan`` is one."""

    @property
    def offsets(self) -> Mapping[int, int]:
        """Tensor index -> bytes from the arena's start."""
        ...

    @property
    def scratch_offsets(self) -> Mapping[int, int]:
        """Op index -> bytes from the arena's start, for ops that have scratch."""
        ...

    @property
    def arena_bytes(self) -> int:
        """Bytes of the whole arena."""
        ...

    @property
    def order(self) -> tuple[int, ...]:
        """Op indices in execution order."""
        ...
