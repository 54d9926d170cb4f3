"""Ledgers of networks whose first ops run by rows."""

from __future__ import annotations

from pathlib import Path

import pytest

import micronas as mn
from micronas.board import load_board
from micronas.codegen.lowering.sizes import ROW_STEP_BYTES, constant_items
from micronas.latency.op_model import board_latency
from micronas.memory.ledger import Budget, check, fits_by_rows, make_ledger
from micronas.memory.plan.prefer import Prefer
from micronas.memory.plan.rows.bands import ROWS_MAY_COST
from micronas.model.net import shape_graph
from micronas.space.reference import reference_net

BOARD = load_board("nucleo_f446re")
KB = 1024


@pytest.fixture(scope="module")
def kws():
    return shape_graph(reference_net("mlperf_tiny_kws"))


@pytest.fixture(scope="module")
def ledgers(kws):
    return {prefer: make_ledger(kws, BOARD, prefer=prefer) for prefer in (Prefer.SRAM, Prefer.ROWS)}


def test_rows_take_less_sram_more_flash_and_more_time(kws, ledgers) -> None:
    whole, rows = ledgers[Prefer.SRAM], ledgers[Prefer.ROWS]
    assert rows.plan.arena_bytes <= 6 * KB < whole.plan.bound_bytes
    assert rows.flash[0].nbytes > whole.flash[0].nbytes  # constants: the table of steps
    assert not whole.plan.row_steps
    times = [board_latency(BOARD).of(kws, each.lowered, trained=False).ms for each in (whole, rows)]
    assert times[0] < times[1] < (1.001 + ROWS_MAY_COST) * times[0]


def test_every_step_is_counted(kws, ledgers) -> None:
    ledger = ledgers[Prefer.ROWS]
    items = {item.symbol: item.nbytes for item in constant_items(kws, ledger.lowered)}
    by_rows = sum(low.row_call is not None for low in ledger.lowered)
    assert items["mn_model_row_steps"] == ROW_STEP_BYTES * len(ledger.plan.row_steps)
    assert items["mn_model_row_ops"] == 4 * by_rows == 4 * len({s.op for s in ledger.plan.row_steps})
    live = {ledger.plan.live_bytes(op + 1) for op in range(by_rows)}
    assert max(live) <= ledger.plan.arena_bytes


def test_a_network_that_fits_only_by_rows(kws, ledgers) -> None:
    over = ledgers[Prefer.ROWS].sram_bytes + 1000
    budget = Budget(256 * KB, over)
    assert not check(make_ledger(kws, BOARD, within=budget), budget).fits
    assert fits_by_rows(kws, BOARD, budget)
    assert check(make_ledger(kws, BOARD, within=budget, prefer=Prefer.ROWS), budget).fits
    tight = Budget(256 * KB, ledgers[Prefer.ROWS].sram_bytes - 2048)
    assert not fits_by_rows(kws, BOARD, tight)
    assert not fits_by_rows(kws, BOARD, Budget(8 * KB, over))


@pytest.mark.slow
@pytest.mark.emulator
def test_a_network_by_rows_is_linked_to_the_byte_and_its_outputs_are_equal(networks: Path) -> None:
    """``bench`` raises if ledger and linker map differ by a byte; its profile has a count for every op."""
    model = networks / "mlperf_tiny_kws.tflite"
    done = mn.bench(model, BOARD, prefer="rows", count=1)
    assert done.exact
    assert done.deployment.ledger.plan.row_steps
    counts = [op.count for op in done.deployment.measurement.per_op]
    assert len(counts) == len(done.deployment.ledger.ops)
    assert min(counts) > 0
