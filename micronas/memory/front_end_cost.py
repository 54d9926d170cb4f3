"""Bytes of a front end on a device, as its generated C has them."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, replace
from pathlib import Path

from micronas.board import Core
from micronas.codegen.front_end import ImageTables, LogMelTables, MicroTables, Tables, tables_of
from micronas.errors import ModelError
from micronas.memory.ledger.free_region import Item
from micronas.memory.ledger.items import Ledger
from micronas.model.front_end import FILE_NAME, PACKAGED, FrontEndFile
from micronas.model.graph import Graph, Quant
from micronas.trial import Json

FRAMES_STATE_BYTES, MICRO_STATE_BYTES, STREAM_STATE_BYTES, IMAGE_STATE_BYTES = 24, 28, 12, 16
"""``sizeof`` of mn_frames_state, mn_micro_state, mn_stream_state and mn_image_state on a 32-bit target."""
CODE_TABLE = Path(__file__).with_name("front_end_code.json")
"""Code bytes by core; ``tools/measure_front_end.py`` writes it."""
WHAT = "front end"
_NOMINAL = Quant((1 / 255,), (-128,))


@dataclass(frozen=True)
class FrontEndCost:
    """``constant_bytes`` lie in flash, ``buffer_bytes`` in SRAM at all times.

    ``kind`` is logmel, mfcc, micro, stream or image: the front end whose code was measured.
    ``scratch_bytes`` are needed only while a frame is computed: the arena of a network without states, which
    is free then, holds them.
    """

    kind: str
    constant_bytes: int
    buffer_bytes: int
    scratch_bytes: int

    def flash_bytes(self, core: Core) -> int:
        """Constants and code; the code was measured, see ``CODE_TABLE``."""
        return self.constant_bytes + _code_bytes()[core.value][self.kind]

    def sram_bytes(self, arena_bytes: int, has_states: bool) -> int:
        """SRAM beside an arena of ``arena_bytes``."""
        return self.buffer_bytes + max(0, self.scratch_bytes - (0 if has_states else arena_bytes))

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
        buffers = FRAMES_STATE_BYTES + tables.sample_bytes + tables.feature_bytes
        kind = "logmel" if tables.mfcc is None else "mfcc"
        return FrontEndCost(kind, tables.constant_bytes, buffers, tables.scratch_bytes)
    if isinstance(tables, MicroTables):
        buffers = MICRO_STATE_BYTES + tables.sample_bytes + tables.noise_bytes + tables.feature_bytes
        return FrontEndCost("micro", tables.constant_bytes, buffers, tables.scratch_bytes)
    if isinstance(tables, ImageTables):
        return FrontEndCost("image", tables.constant_bytes, IMAGE_STATE_BYTES + tables.sum_bytes, 0)
    return FrontEndCost("stream", tables.constant_bytes, STREAM_STATE_BYTES + tables.feature_bytes, 0)


def cost_of_file(file: FrontEndFile | None) -> FrontEndCost | None:
    """Before a network exists; None for a front end without C, which a user's own code computes.

    Also None for the packaged digits: demonstrations, for which a search reserves nothing.
    """
    if file is None or file.front_end.name == PACKAGED:
        return None
    try:
        return front_end_cost(tables_of(file, _NOMINAL))
    except ModelError:
        return None


def why_not_counted(file: FrontEndFile | None) -> str:
    """Why ``cost_of_file`` has no cost of a front end; empty if it has, and without a front end."""
    if file is None or cost_of_file(file) is not None:
        return ""
    reason = (
        "a search counts none for the packaged digits" if file.front_end.name == PACKAGED else "it has no C"
    )
    return f"the front end {file.front_end.name} of {FILE_NAME} is not counted, because {reason}"


def with_front_end(ledger: Ledger, cost: FrontEndCost, core: Core, graph: Graph) -> Ledger:
    """``ledger`` of ``graph`` with one item more in flash and one in ``sram``."""
    sram_bytes = cost.sram_bytes(ledger.arena_bytes, bool(graph.states))
    return replace(
        ledger,
        flash=(*ledger.flash, Item(WHAT, cost.flash_bytes(core), "flash")),
        sram=(*ledger.sram, Item(WHAT, sram_bytes, "sram")),
    )


@functools.cache
def _code_bytes() -> dict[str, dict[str, int]]:
    table: dict[str, dict[str, int]] = json.loads(CODE_TABLE.read_text(encoding="utf-8"))
    return table
