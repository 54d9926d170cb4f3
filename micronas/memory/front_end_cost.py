"""Bytes of a front end on a device, as its generated C has them."""

from __future__ import annotations

from dataclasses import dataclass

from micronas.codegen.front_end import LogMelTables, Tables
from micronas.trial import Json

LOG_MEL_STATE_BYTES, STREAM_STATE_BYTES = 24, 12
"""``sizeof(mn_log_mel_state)`` and ``sizeof(mn_stream_state)`` on a 32-bit target."""


@dataclass(frozen=True)
class FrontEndCost:
    """``constant_bytes`` lie in flash, ``buffer_bytes`` in SRAM at all times.

    ``scratch_bytes`` are needed only while a frame is computed: an arena that is free then holds them.
    """

    constant_bytes: int
    buffer_bytes: int
    scratch_bytes: int

    def scratch_is_free(self, arena_bytes: int, has_states: bool) -> bool:
        """Whether the scratch takes no SRAM of its own: the arena holds it, and no state lives there."""
        return not has_states and self.scratch_bytes <= arena_bytes

    def sram_bytes(self, arena_bytes: int, has_states: bool) -> int:
        """SRAM beside an arena of ``arena_bytes``."""
        free = self.scratch_is_free(arena_bytes, has_states)
        return self.buffer_bytes + (0 if free else self.scratch_bytes)

    def to_json(self) -> dict[str, Json]:
        """Predicted, in bytes."""
        return {
            "constant_bytes": self.constant_bytes,
            "buffer_bytes": self.buffer_bytes,
            "scratch_bytes": self.scratch_bytes,
        }


def front_end_cost(tables: Tables) -> FrontEndCost:
    """The bytes of the generated C of ``tables``."""
    if isinstance(tables, LogMelTables):
        buffers = LOG_MEL_STATE_BYTES + tables.sample_bytes + tables.feature_bytes
        return FrontEndCost(tables.constant_bytes, buffers, tables.scratch_bytes)
    return FrontEndCost(tables.constant_bytes, STREAM_STATE_BYTES + tables.feature_bytes, 0)
