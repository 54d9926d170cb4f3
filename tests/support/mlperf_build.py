"""A build of MLPerf Tiny's firmware that exists in name only, for tests of what is done with one."""

from __future__ import annotations

from pathlib import Path

from micronas.board import load_board
from micronas.board.arena_location import IN_SRAM
from micronas.deploy.mlperf.firmware import DutFirmware, RunMode, Sram
from micronas.deploy.mlperf.task import TASKS
from micronas.firmware import Firmware, LinkedSizes
from micronas.firmware.elf import ElfImage
from micronas.firmware.project import Project
from micronas.memory.ledger import make_ledger
from micronas.model.net import Dense, GlobalAveragePool, NetBuilder, SoftmaxLayer, shape_graph

BUILD = "00112233445566778899aabbccddeeff"
BOARD = load_board("nucleo_f446re")
NAME = "micronas nucleo_f446re"
"""What firmware of that board calls itself."""


def dut_build(folder: Path) -> DutFirmware:
    """A build for ``BOARD`` whose files would lie in ``folder``; none is written."""
    firmware = Firmware(
        board=BOARD,
        elf=folder / "firmware.elf",
        map_file=folder / "firmware.map",
        build_id=bytes.fromhex(BUILD),
        linked=LinkedSizes(0, 0, 0, 0, 0, 0),
        regions={},
        image=ElfImage(folder, (), ()),
        arena_location=IN_SRAM,
        project=Project(BOARD, {}, bytes.fromhex(BUILD)),
        cache=folder / ".cache",
    )
    graph = shape_graph(NetBuilder((4, 4, 1)).chain(GlobalAveragePool(), Dense(2), SoftmaxLayer()).build())
    ledger = make_ledger(graph, BOARD)
    return DutFirmware(TASKS["kws01"], RunMode.PERFORMANCE, firmware, firmware, Sram(0, 0, 0, 0, 0), ledger)
