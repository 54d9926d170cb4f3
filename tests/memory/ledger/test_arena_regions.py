"""The arena's memory region: chosen per network, linked there, and reported where the arena fits none."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from micronas.board import Board, RegionKind, board_names, load_board
from micronas.cli.app import app
from micronas.deploy.deployment import build, deploy
from micronas.deploy.to_json import deployment_to_json
from micronas.device.targets import DeviceImage, Qemu, Renode, SerialBoard, execution_target, image_for
from micronas.errors import BudgetError, BuildError, DeviceError
from micronas.firmware import assert_regions_match
from micronas.memory.budget import make_budget
from micronas.memory.ledger import FreeRegion, board_budget, check, make_ledger
from micronas.memory.ledger.free_region import first_fit_region, free_regions, largest_free_region
from micronas.model.tflite.writer import write
from tests.support.arena import located, memory
from tests.support.arena_boards import FIRMWARE, KB, with_memory
from tests.support.arena_networks import network
from tests.support.oracle import random_inputs
from tests.support.random_cases import random_case

F407, H743 = load_board("black_f407vg"), load_board("nucleo_h743zi2")
SLOW = {"nucleo_l476rg": {"sram2"}, "disco_l475vg_iot01a": {"sram2"}, "nucleo_h743zi2": {"sram_d2"}}
"""Further memories that the firmware may use: RM0351 2.4 (no clock to switch on), RM0433 8.7 (it does)."""


def test_the_first_region_with_room_is_taken() -> None:
    ccm, sram = rooms = (FreeRegion(memory("ccm"), 64), FreeRegion(memory("sram"), 100))
    assert [first_fit_region(rooms, n) for n in (0, 64, 65, 100, 101)] == [ccm, ccm, sram, sram, None]
    assert first_fit_region((sram, ccm), 1) == sram
    assert largest_free_region((ccm, sram, FreeRegion(memory("other"), 100))) == sram


def test_stack_and_statics_take_from_sram_alone() -> None:
    assert free_regions(F407, resident_bytes=5_000) == (
        FreeRegion(memory("ccm"), 64 * KB),
        FreeRegion(memory("sram"), 128 * KB - 5_000),
    )
    small = with_memory(F407, ("sram",), sram=4 * KB)
    assert free_regions(small, resident_bytes=5_000) == (FreeRegion(memory("sram"), 0),)


@pytest.mark.parametrize(
    ("board", "side", "region"),
    [(F407, 200, "ccm"), (F407, 270, "sram"), (H743, 280, "dtcm"), (H743, 400, "sram")],
)
def test_a_network_goes_to_the_first_region_that_holds_it(board: Board, side: int, region: str) -> None:
    ledger = make_ledger(network(side), board, sizes=FIRMWARE)
    assert ledger.arena_location == located(region)
    resident = FIRMWARE.static_bytes + board.stack_bytes
    expected = {"sram": resident}
    expected[region] = expected.get(region, 0) + ledger.arena_bytes
    used = {r.name: ledger.region_bytes(r.name) for r in board.regions if r.kind is not RegionKind.FLASH}
    assert {name: bytes_ for name, bytes_ in used.items() if bytes_} == expected
    assert ledger.sram_bytes == resident + ledger.arena_bytes
    assert check(ledger, board_budget(board)).fits


def test_a_network_that_only_a_second_memory_holds_fits() -> None:
    """60 KB of arena beside 5 KB of stack and statics: neither 32 KB of SRAM nor all in one would do."""
    board = with_memory(F407, ("ccm", "sram"), sram=32 * KB)
    ledger = make_ledger(network(200), board, sizes=FIRMWARE)
    assert ledger.arena_bytes > 32 * KB
    assert check(ledger, board_budget(board)).fits
    without = with_memory(F407, ("sram",), sram=32 * KB)
    assert not check(make_ledger(network(200), without, sizes=FIRMWARE), board_budget(without)).fits


def test_the_default_budget_is_what_the_memory_allows() -> None:
    assert board_budget(F407.model_copy(update={"arena_regions": ("sram",)})).sram_bytes == 128 * KB
    ledger = make_ledger(network(200), F407)
    resident = ledger.sram_bytes - ledger.arena_bytes
    fast = F407.model_copy(update={"arena_regions": ("ccm",)})
    assert board_budget(fast).sram_bytes == 64 * KB + resident
    with pytest.raises(BudgetError, match="sram_kb is 70, but black_f407vg has"):
        make_budget(fast, None, 70)


def test_an_arena_that_fits_no_region_is_refused_with_each_region_and_the_bytes_over() -> None:
    ledger = make_ledger(network(400), F407, sizes=FIRMWARE)
    verdict = check(ledger, board_budget(F407))
    (reason,), (remedy,) = verdict.reasons, verdict.remedies
    arena, free = ledger.arena_bytes, 128 * KB - 4_096 - 1_024
    assert f"region sram of black_f407vg: {arena + 5_120:,} bytes of 131,072" in reason
    assert (
        f"fits no region: {arena - 64 * KB:,} bytes over in ccm, {arena - free:,} bytes over in sram"
        in reason
    )
    assert "which cannot be divided, is 34,048 over in sram; the arena's peak is at op #0" in reason
    assert f"to {arena - 34_048:,} live bytes" in remedy


def test_statics_that_overflow_sram_are_not_blamed_on_the_arena() -> None:
    board = with_memory(F407, ("ccm",), sram=4_608)
    verdict = check(make_ledger(network(200), board, sizes=FIRMWARE), board_budget(F407))
    (reason,), (remedy,) = verdict.reasons, verdict.remedies
    assert "region sram of black_f407vg: 5,120 bytes of 4,608, 512 over (static 1,024, stack 4,096)" in reason
    assert "fits no region" not in reason
    assert remedy == "stack and statics do not fit: lower stack_bytes of black_f407vg by 512"


def test_tflite_micros_arena_has_a_region_too() -> None:
    assert make_ledger(network(200), F407, "tflm").arena_location == located("ccm")
    assert make_ledger(network(270), F407, "tflm").arena_location == located("sram")


@pytest.mark.parametrize("name", board_names())
def test_every_arena_region_of_a_shipped_board_is_memory_that_the_firmware_may_use(name: str) -> None:
    """No ITCM, no backup SRAM; what is fast before `sram`, which stack and statics share, others after."""
    board = load_board(name)
    assert all(board.region(region).kind.holds_data for region in board.arena_regions)
    home = board.arena_regions.index("sram")
    tightly_coupled = {r.name for r in board.regions if r.kind in (RegionKind.CCM, RegionKind.DTCM)}
    assert tightly_coupled == set(board.arena_regions[:home])
    assert set(board.arena_regions[home + 1 :]) == SLOW.get(name, set())


def test_qemu_s_own_chips_get_the_arena_in_sram_and_say_so() -> None:
    ledger = make_ledger(network(200), F407, sizes=FIRMWARE)
    assert image_for(Qemu(), F407, ledger) == DeviceImage(F407, located("sram"))
    assert (
        image_for(Renode(), F407, ledger)
        == image_for(SerialBoard(), F407, ledger)
        == DeviceImage(F407, located("ccm"))
    )
    place = execution_target(Qemu(), F407, ledger.arena_location)
    assert (place.own_chip, place.own_elf) == (True, False)
    assert "not this board's ELF: the arena is in sram" in str(place)
    assert execution_target(Qemu(), F407, located("sram")).own_elf


def test_a_stand_in_has_all_regions_of_the_board() -> None:
    ledger = make_ledger(network(280), H743, sizes=FIRMWARE)
    image = image_for(Qemu(), H743, ledger)
    assert (image.board.name, image.arena_location) == ("nucleo_h743zi2_on_mps2-an500", located("dtcm"))


def test_an_arena_that_qemu_has_no_memory_for_is_refused_by_name() -> None:
    board = with_memory(F407, ("ccm", "sram"), sram=32 * KB)
    ledger = make_ledger(network(200), board, sizes=FIRMWARE)
    over = ledger.sram_bytes - 32 * KB
    with pytest.raises(
        DeviceError, match=rf"black_f407vg: the arena .* ccm, .* is {over:,} bytes too large for sram"
    ):
        image_for(Qemu(), board, ledger)


def test_a_region_that_is_one_byte_off_is_refused_with_both_figures() -> None:
    ledger = make_ledger(network(200), F407, sizes=FIRMWARE)
    linked = {"flash": 1, "ccm": ledger.arena_bytes, "sram": 5_120}
    assert_regions_match(ledger, F407, linked)
    swapped = {"flash": 1, "ccm": 0, "sram": 5_120 + ledger.arena_bytes}
    for wrong in ({**linked, "sram": 5_121}, swapped):
        with pytest.raises(BuildError, match=rf"sram: predicted 5120 bytes, linked {wrong['sram']}"):
            assert_regions_match(ledger, F407, wrong)


def test_check_prints_bytes_per_region_and_where_the_arena_lies(tmp_path: Path) -> None:
    model = tmp_path / "net.tflite"
    model.write_bytes(write(random_case("FULLY_CONNECTED", np.random.default_rng(2))))
    run = CliRunner().invoke(app, ["check", str(model), "--board", "black_f407vg"])
    assert run.exit_code == 0, run.output
    assert "The arena is in ccm." in run.output
    assert "region ccm" in run.output
    assert "region sram" in run.output
    value = json.loads(
        CliRunner().invoke(app, ["check", str(model), "--board", "black_f407vg", "--json"]).stdout
    )
    assert value["arena_region"] == "ccm"
    assert value["regions"]["ccm"]["size"] == 64 * KB
    ram = value["regions"]["ccm"]["used"] + value["regions"]["sram"]["used"]
    assert ram == value["sram_bytes"]


@pytest.mark.emulator
@pytest.mark.parametrize(
    ("board", "side", "origin", "end"),
    [
        (F407, 200, 0x10000000, 0x10010000),
        (F407, 270, 0x20000000, 0x20020000),
        (H743, 280, 0x20000000, 0x20020000),
        (H743, 400, 0x24000000, 0x24080000),
    ],
)
def test_the_linker_puts_the_arena_where_the_ledger_says(
    board: Board, side: int, origin: int, end: int, tmp_path: Path, firmware_cache: Path
) -> None:
    """Addresses: RM0090 2.3.1 (CCM, SRAM1) and RM0433 2.3.2 (DTCM, AXI SRAM); `build` compares the bytes."""
    built = build(network(side), board, workdir=tmp_path, cache_dir=firmware_cache)
    arena = built.firmware.image.symbol("mn_arena")
    assert origin <= arena.address
    assert arena.address + arena.size <= end
    assert arena.size == built.ledger.arena_bytes
    stack = next(s for s in built.firmware.image.sections if s.name == ".stack")
    assert stack.address == board.region("sram").origin
    if built.ledger.arena_location != located("sram"):
        assert arena.address == origin


@pytest.mark.emulator
@pytest.mark.parametrize("board", [F407, H743])
def test_a_network_in_fast_memory_runs_in_qemu(board: Board, tmp_path: Path, firmware_cache: Path) -> None:
    graph = network(64)
    samples = random_inputs(graph, np.random.default_rng(1), 2)
    done = deploy(graph, board, samples, device=Qemu(), workdir=tmp_path, cache_dir=firmware_cache)
    assert done.measurement.parity.mismatches == 0
    assert done.twin is not None
    fast = board.arena_regions[0]
    assert done.firmware.arena_location == located(fast)
    assert done.twin.arena_location == located("sram" if board is F407 else "dtcm")
    regions = deployment_to_json(done)["regions"]
    assert isinstance(regions, dict)
    arena = {"predicted": done.ledger.arena_bytes, "linked": done.firmware.linked.arena}
    assert regions[fast] == {**arena, "size": board.region(fast).length}
