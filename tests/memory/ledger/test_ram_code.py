"""Kernels in RAM: when they are placed there, what the ledger counts, and that the linker and QEMU agree."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from micronas.board import Board, load_board
from micronas.board.arena_location import IN_SRAM
from micronas.deploy.deployment import deploy, sources_of
from micronas.device.targets import Qemu
from micronas.firmware.linker_script import linker_script
from micronas.latency.core_model import timing_model
from micronas.latency.counts.classes import ClassCounts
from micronas.latency.op_model import board_latency
from micronas.memory.ledger import Ledger, make_ledger
from micronas.memory.ledger import ram_code as placing
from micronas.memory.plan.prefer import Prefer
from micronas.model.graph import Graph
from micronas.model.tflite import read
from tests.support.arena_networks import skip_graph
from tests.support.oracle import random_inputs
from tests.support.paths import REPOSITORY

F446, G071, L4R5, L476 = (load_board(f"nucleo_{name}") for name in ("f446re", "g071rb", "l4r5zi", "l476rg"))
COUNTS = REPOSITORY / "benchmarks" / "latency" / "counts.json"


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if every network were faster from RAM."""
    monkeypatch.setattr(placing, "LEAST_GAIN", -1.0)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return skip_graph(4, 2)


def ledger_of(graph: Graph, board: Board, prefer: Prefer = Prefer.LATENCY) -> Ledger:
    return make_ledger(graph, board, prefer=prefer)


def with_code_length(board: Board, length: int) -> Board:
    assert board.code_memory is not None
    memory = board.code_memory.model_copy(update={"length": length})
    return board.model_copy(update={"code_memory": memory})


@pytest.mark.usefixtures("always")
def test_the_ledger_counts_the_code_in_ram_and_its_copy_in_flash(graph: Graph) -> None:
    placed, flat = ledger_of(graph, L476), ledger_of(graph, L476, Prefer.AUTO)
    assert placed.ram_code is not None
    code = placed.ram_code.nbytes
    assert placed.region_bytes("sram2") == code
    assert placed.sram_bytes == flat.sram_bytes + code
    assert sum(i.nbytes for i in placed.flash if i.what == "code for RAM") == code
    # Memory functions of the C library move with the kernels; jumps to RAM and alignment are added.
    assert abs(placed.flash_bytes - flat.flash_bytes) < 1_000
    assert flat.ram_code is None


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("prefer", [Prefer.AUTO, Prefer.SRAM])
def test_only_the_plan_of_least_latency_moves_code(graph: Graph, prefer: Prefer) -> None:
    assert ledger_of(graph, L476, prefer).ram_code is None


@pytest.mark.usefixtures("always")
def test_a_board_without_memory_for_code_keeps_it_in_flash(graph: Graph) -> None:
    ledger = ledger_of(graph, F446)
    assert ledger.ram_code is None
    assert ledger.notes == ()


@pytest.mark.usefixtures("always")
def test_too_little_memory_for_code_is_said_with_both_figures(graph: Graph) -> None:
    enough = ledger_of(graph, L476).ram_code
    assert enough is not None
    ledger = ledger_of(graph, with_code_length(L476, enough.nbytes - 8))
    assert ledger.ram_code is None
    (note,) = ledger.notes
    assert f"its {enough.nbytes:,} bytes are 8 more than code_memory's {enough.nbytes - 8:,}" in note


@pytest.mark.usefixtures("always")
def test_an_arena_in_the_way_keeps_the_code_in_flash() -> None:
    large = skip_graph(14, 2)  # 28 KB of the 36 KB are below the code
    ledger = ledger_of(large, G071)
    assert ledger.ram_code is None
    (note,) = ledger.notes
    assert "bytes of sram" in note
    assert "more than the 28,672 below code_memory" in note


def test_code_moves_only_where_the_model_gains_enough(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placing, "LEAST_GAIN", 0.5)
    assert ledger_of(graph, L476).ram_code is None


def test_the_price_without_waiting_for_code_is_near_what_was_counted(shared_models: Path) -> None:
    """The emulator's counts of keyword spotting, whose missed lines of instructions are then left out."""
    counted = json.loads(COUNTS.read_text(encoding="utf-8"))
    row = next(classes for name, classes in counted.items() if name.startswith("kws; latency"))
    counts, timing = ClassCounts(**row["stm32l4"]), timing_model(L4R5)
    gain = counts.flash_insn * timing.miss_cycles / timing.cycles(counts).value
    graph = read(shared_models / "kws_ref_model.tflite")
    lowered = ledger_of(graph, L4R5).lowered
    latencies = [board_latency(L4R5).of(graph, lowered, ram_code=placed).cycles for placed in (False, True)]
    from_flash, from_ram = (float(cycles or 0) for cycles in latencies)
    assert 1.0 - from_ram / from_flash == pytest.approx(gain, abs=0.015)


def test_the_linker_script_ends_sram_where_the_code_begins() -> None:
    text = linker_script(L4R5, IN_SRAM, "        *mn_add_s8.o(.text.mn_add_s8)")
    assert f"sram (rwx) : ORIGIN = 0x20000000, LENGTH = {192 * 1024}" in text
    assert f"code_memory (rwx) : ORIGIN = 0x10000000, LENGTH = {64 * 1024}" in text
    assert text.index(".vectors") < text.index(".ram_code") < text.index(".code :")
    assert "*mn_add_s8.o(.text.mn_add_s8)" in text
    plain = linker_script(L4R5)
    assert "ram_code" not in plain
    assert "code_memory" not in plain


@pytest.mark.emulator
@pytest.mark.usefixtures("always")
@pytest.mark.parametrize(
    "board", [L4R5, pytest.param(G071, marks=pytest.mark.exhaustive)], ids=lambda board: board.name
)
def test_code_in_ram_is_linked_as_the_ledger_says_and_runs_bit_exactly(
    board: Board, graph: Graph, tmp_path: Path, firmware_cache: Path
) -> None:
    """`deploy` compares every region of the board's image with the ledger; QEMU runs its twin."""
    ledger = ledger_of(graph, board)
    assert ledger.ram_code is not None
    assert "mn_ram_code.ld" in sources_of(graph, ledger)
    samples = random_inputs(graph, np.random.default_rng(1), 1)
    done = deploy(
        graph,
        board,
        samples,
        device=Qemu(),
        workdir=tmp_path,
        cache_dir=firmware_cache,
        runs=1,
        ledger=ledger,
    )
    assert done.measurement.parity.mismatches == 0
    assert done.twin is not None
    assert done.firmware.linked.ram_code == done.twin.linked.ram_code == ledger.ram_code.nbytes
    for firmware in (done.firmware, done.twin):
        memory = firmware.board.code_memory
        assert memory is not None
        for kernel in {low.kernel for low in ledger.lowered}:
            address = firmware.image.symbol(kernel).address
            assert memory.origin <= address < memory.origin + ledger.ram_code.nbytes
    linked = done.firmware.linked
    code = ledger.flash_bytes - ledger.constant_bytes
    assert abs(code - linked.code - linked.rodata) <= 0.01 * (linked.code + linked.rodata)
