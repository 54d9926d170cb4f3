"""Every shipped board: a network is built for it as the product does, its image held against its profile."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from elftools.elf.elffile import ELFFile

from micronas.board import Board, Core, MemoryRegion, RegionKind, board_names, load_board
from micronas.board.twin import twin_of
from micronas.deploy.deployment import Built, build
from micronas.device.client import Client
from micronas.device.qemu import QemuDevice
from micronas.device.replies import Counter
from micronas.device.targets import Qemu, image_for
from micronas.firmware import Firmware, build_firmware
from micronas.memory.ledger import board_budget, check, make_ledger
from micronas.space.reference.mlperf_tiny import keyword_ds_cnn
from tests.support.tiny_network import tiny_net
from tests.support.weights import zero_weights

pytestmark = pytest.mark.emulator

EM_ARM_FLOAT_HARD = 0x400
# Addenda to the ABI for the Arm architecture, build attributes: Tag_CPU_arch.
CPU_ARCH = {
    Core.M0PLUS: (11, 12),  # v6-M, v6S-M
    Core.M3: (10,),  # v7
    Core.M4F: (13,),  # v7E-M
    Core.M7: (13,),
    Core.M33: (17,),  # v8-M.mainline
    Core.M55: (21,),  # v8.1-M.mainline
}
SMALL_RAM_BYTES = 20 * 1024


@dataclass(frozen=True)
class OnBoard:
    board: Board
    built: Built
    standard: bool

    @property
    def firmware(self) -> Firmware:
        return self.built.firmware


@pytest.fixture(scope="module", params=board_names())
def on_board(
    request: pytest.FixtureRequest, firmware_cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> OnBoard:
    """DS-CNN where it fits, else the tiny network. ``build`` checks ledger = linked, to the byte."""
    board = load_board(request.param)
    standard = zero_weights(keyword_ds_cnn())
    fits = check(make_ledger(standard, board), board_budget(board)).fits
    graph = standard if fits else zero_weights(tiny_net())
    folder = tmp_path_factory.mktemp(board.name)
    return OnBoard(board, build(graph, board, workdir=folder, cache_dir=firmware_cache), fits)


def region_of(board: Board, address: int, size: int) -> MemoryRegion:
    """The region that holds all of it."""
    (region,) = (r for r in board.regions if r.origin <= address and address + size <= r.end)
    return region


def test_the_image_is_what_the_profile_says(on_board: OnBoard) -> None:
    board, firmware = on_board.board, on_board.firmware
    assert on_board.standard or board.region("sram").length <= SMALL_RAM_BYTES
    assert_memory_is_the_profiles(firmware.map_file.read_text(encoding="utf-8"), board)
    assert_sections_lie_in_regions(firmware, board)
    assert_everything_loaded_is_in_flash(firmware, board)
    assert_vectors_are_at_the_start_of_flash(firmware, board)
    assert_compiled_for_the_core(firmware, board)


def test_an_image_that_qemu_runs_itself_says_who_it_is(
    on_board: OnBoard, firmware_cache: Path, tmp_path: Path
) -> None:
    """The board's UART, its pins and a clock that QEMU does not model: what is flashed answers there."""
    board, firmware = on_board.board, on_board.firmware
    if board.emulator is None or twin_of(board) is not None:
        pytest.skip(f"{board.name}: QEMU runs its twin")
    image = image_for(Qemu(), board, on_board.built.ledger)
    if image.arena_location != firmware.arena_location:
        sources = on_board.built.sources
        firmware = build_firmware(sources, board, workdir=tmp_path, cache_dir=firmware_cache)
    assert firmware.arena_location == image.arena_location
    with QemuDevice(board, firmware.elf) as link:
        info = Client(link).info(deadline_s=10)
    assert (info.build_id, info.board) == (firmware.build_id, board.name)
    assert info.clock_fallback
    assert info.counter is Counter.INSTRUCTIONS


def assert_memory_is_the_profiles(linker_map: str, board: Board) -> None:
    table = linker_map.split("Memory Configuration")[1].split("Linker script and memory map")[0]
    rows = re.findall(r"^(\w+)\s+(0x[0-9a-f]+)\s+(0x[0-9a-f]+)", table, re.M)
    linked = {name: (int(origin, 16), int(length, 16)) for name, origin, length in rows}
    assert linked == {r.name: (r.origin, r.length) for r in board.regions}


def assert_sections_lie_in_regions(firmware: Firmware, board: Board) -> None:
    in_flash = {".code", ".constants", ".rodata"}
    sections = [s for s in firmware.image.sections if s.size]
    assert in_flash <= {s.name for s in sections}
    for section in sections:
        region = region_of(board, section.address, section.size)
        if section.name in in_flash:
            assert region.kind is RegionKind.FLASH
        else:
            assert region.name == (str(firmware.arena_location) if section.name == ".arena" else "sram")
            assert region.kind.holds_data


def assert_everything_loaded_is_in_flash(firmware: Firmware, board: Board) -> None:
    with firmware.elf.open("rb") as stream:
        loaded = [s for s in ELFFile(stream).iter_segments() if s["p_type"] == "PT_LOAD" and s["p_filesz"]]
        assert loaded
        for segment in loaded:
            assert region_of(board, segment["p_paddr"], segment["p_filesz"]).kind is RegionKind.FLASH


def assert_vectors_are_at_the_start_of_flash(firmware: Firmware, board: Board) -> None:
    flash = board.region("flash")
    assert firmware.image.symbol("mn_vectors").address == flash.origin
    with firmware.elf.open("rb") as stream:
        code = ELFFile(stream).get_section_by_name(".code")
        assert code["sh_addr"] == flash.origin
        words = np.frombuffer(code.data()[:8], "<u4")
    stack = next(s for s in firmware.image.sections if s.name == ".stack")
    assert words[0] == stack.address + stack.size == stack.address + board.stack_bytes
    assert words[1] == firmware.image.symbol("mn_reset").address | 1


def assert_compiled_for_the_core(firmware: Firmware, board: Board) -> None:
    with firmware.elf.open("rb") as stream:
        elf = ELFFile(stream)
        attributes = {
            a.tag: a.value
            for subsection in elf.get_section_by_name(".ARM.attributes").iter_subsections()
            for part in subsection.iter_subsubsections()
            for a in part.iter_attributes()
        }
        assert attributes["TAG_CPU_ARCH"] in CPU_ARCH[board.core]
        assert bool(elf["e_flags"] & EM_ARM_FLOAT_HARD) == (board.core.fpu is not None)
        assert ("TAG_ABI_VFP_ARGS" in attributes) == (board.core.fpu is not None)
