"""The measuring firmware with the front end of a network, which takes raw samples over its line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from micronas.board.arena_location import ArenaLocation
from micronas.codegen.front_end import Tables
from micronas.codegen.front_end.firmware_text import FILE_NAME, firmware_text
from micronas.codegen.front_end.text import CONSTANT_NAMES
from micronas.deploy.deployment import Deployment
from micronas.firmware import Firmware, build_firmware
from micronas.firmware.ledger_check import require_equal
from micronas.firmware.program import Program
from micronas.memory.front_end_cost import front_end_cost

PROGRAM = Program(paths=("src", "front_end"))
FLAGS = ("-DMN_FRONT_END", "-Isrc/front_end", "-Ilib/mn_front_end")
_BUFFERS = "mn_front_end_"


@dataclass(frozen=True, eq=False)
class RawFirmware:
    """The image that runs, and the bytes of its front end as linked."""

    firmware: Firmware
    constant_bytes: int
    buffer_bytes: int


def build_raw_firmware(
    deployed: Deployment, tables: Tables, *, workdir: Path, cache_dir: Path | None
) -> RawFirmware:
    """The network of ``deployed`` with the front end of ``tables``, for the device that ran it.

    Raises ``BuildError`` unless the linked bytes of the front end are those of its ledger, and
    ``BudgetError`` if both together exceed a memory.
    """
    running = deployed.twin or deployed.firmware
    in_arena = _arena_holds_scratch(deployed, tables, running.arena_location)
    firmware = build_firmware(
        {**deployed.sources, FILE_NAME: firmware_text(tables, in_arena)},
        running.board,
        workdir=workdir,
        cache_dir=cache_dir,
        extra_flags=FLAGS,
        program=PROGRAM,
        arena_location=running.arena_location,
    )
    symbols = firmware.image.symbols
    linked = RawFirmware(
        firmware,
        constant_bytes=sum(s.size for s in symbols if s.name in CONSTANT_NAMES),
        buffer_bytes=sum(s.size for s in symbols if s.name.startswith(_BUFFERS)),
    )
    cost = front_end_cost(tables)
    require_equal(
        {
            "constants": (cost.constant_bytes, linked.constant_bytes),
            "buffers": (cost.buffer_bytes, linked.buffer_bytes),
        },
        "the ledger of the front end and the linker disagree",
        remedy="this is a bug in micronas: report it",
    )
    return linked


def _arena_holds_scratch(deployed: Deployment, tables: Tables, location: ArenaLocation) -> bool:
    """A frame may be computed in the arena while the network does not run, unless states live there."""
    wanted = front_end_cost(tables).scratch_bytes
    whole = not location.is_split and not deployed.graph.states
    return whole and 0 < wanted <= deployed.ledger.arena_bytes
