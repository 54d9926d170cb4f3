"""Verdicts to the byte: what is one over is refused, and the remedy is for what is really in the way."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from micronas.board import Board, MemoryRegion, RegionKind, load_board
from micronas.codegen.lowering import Target
from micronas.codegen.lowering.lower import lower_graph
from micronas.memory.codesize import FirmwareSize
from micronas.memory.ledger import Budget, Ledger, check, make_ledger
from micronas.model.graph import Graph
from micronas.model.net import Dense, NetBuilder, shape_graph
from micronas.model.tflite import read

FIRMWARE = FirmwareSize(code_bytes=9_000, rodata_bytes=500, static_bytes=1_000)
AMPLE_BYTES = 1 << 30


@pytest.fixture(scope="module")
def board() -> Board:
    return load_board("nucleo_f446re")


@pytest.fixture(scope="module")
def resnet(networks: Path) -> Graph:
    return read(networks / "mlperf_tiny_ic.tflite")


def with_ccm(board: Board, nbytes: int) -> Board:
    """``board`` with a memory of its own for the arena."""
    ccm = MemoryRegion(name="ccm", kind=RegionKind.CCM, origin=0x1000_0000, length=nbytes)
    return board.model_copy(update={"regions": (*board.regions, ccm), "arena_regions": ("ccm",)})


@pytest.mark.parametrize("what", ["flash_bytes", "sram_bytes"])
def test_a_budget_holds_to_the_byte(resnet: Graph, board: Board, what: str) -> None:
    ledger = make_ledger(resnet, board, sizes=FIRMWARE)
    exact = Budget(ledger.flash_bytes, ledger.sram_bytes)
    assert check(ledger, exact).fits
    verdict = check(ledger, dataclasses.replace(exact, **{what: getattr(exact, what) - 1}))
    (reason,) = verdict.reasons
    assert not verdict.fits
    assert ", 1 over" in reason


def test_a_region_holds_to_the_byte(resnet: Graph, board: Board) -> None:
    fastest = lower_graph(resnet, Target(board.core))  # no others take their place
    arena_bytes = make_ledger(resnet, board, sizes=FIRMWARE, lowered=fastest).arena_bytes
    ample = Budget(AMPLE_BYTES, AMPLE_BYTES)
    exact, less = (
        make_ledger(resnet, with_ccm(board, nbytes), sizes=FIRMWARE, lowered=fastest)
        for nbytes in (arena_bytes, arena_bytes - 1)
    )
    assert check(exact, ample).fits
    verdict = check(less, ample)
    (reason,) = verdict.reasons
    assert reason.startswith("region ccm of nucleo_f446re")
    assert f"{arena_bytes:,} bytes of {arena_bytes - 1:,}, 1 over" in reason


def live_bytes_asked_for(ledger: Ledger, budget: Budget) -> str:
    (remedy,) = check(ledger, budget).remedies
    return remedy.partition(" live bytes")[0].rpartition(" to ")[2]


def test_the_remedy_is_for_the_tighter_of_budget_and_region(resnet: Graph, board: Board) -> None:
    """An arena that a budget of one byte less would let pass still has to fit its region."""
    room_bytes = 20 * 1024
    ledger = make_ledger(resnet, with_ccm(board, room_bytes), sizes=FIRMWARE)
    one_over = Budget(AMPLE_BYTES, ledger.sram_bytes - 1)
    assert live_bytes_asked_for(ledger, one_over) == f"{room_bytes:,}"
    far_over = Budget(AMPLE_BYTES, ledger.sram_bytes - ledger.arena_bytes + 10_000)
    assert live_bytes_asked_for(ledger, far_over) == "10,000"


def test_a_dense_layer_is_blamed_only_for_what_it_can_save(board: Board) -> None:
    """Two of 64 x 64: either may be narrowed to save its own weights, neither alone to save more."""
    net = NetBuilder((64,)).chain(Dense(64), Dense(64)).build()
    ledger = make_ledger(shape_graph(net), board, sizes=FIRMWARE)
    heaviest = max(row.constant_bytes for row in ledger.ops)
    own, more = (
        check(ledger, Budget(ledger.flash_bytes - over, AMPLE_BYTES)).remedies[0]
        for over in (heaviest, heaviest + 1)
    )
    assert own.startswith("feed op #")
    assert more.startswith(f"save {heaviest + 1:,} of {ledger.constant_bytes:,} bytes of constants")
