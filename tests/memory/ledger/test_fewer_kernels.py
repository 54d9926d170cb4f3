"""A flash that has no room for every fast kernel: the network keeps those for which it has."""

from __future__ import annotations

import pytest

from micronas.board import load_board
from micronas.latency.op_model import board_latency
from micronas.memory.ledger import Budget, Ledger, board_budget, check, make_ledger
from micronas.memory.plan.prefer import Prefer
from micronas.model.graph import Graph
from micronas.model.net import Conv, NetBuilder, shape_graph

BOARD = load_board("nucleo_f446re")
STEM, TILES = "mn_conv2d_stem_dsp", "mn_conv2d_tiles_dsp"
BLOCK, FEW = "mn_conv2d_block_dsp", "mn_conv2d_few_dsp"


@pytest.fixture(scope="module")
def graph() -> Graph:
    layers = Conv(16, 3, 3, 2, 2), Conv(16, 1, 1), Conv(16, 3, 3), Conv(24, 5, 5, 2, 2)
    return shape_graph(NetBuilder((32, 32, 3)).chain(*layers).build())


def ledger_in(graph: Graph, flash_bytes: int) -> Ledger:
    within = Budget(flash_bytes, board_budget(BOARD).sram_bytes)
    ledger = make_ledger(graph, BOARD, within=within, prefer=Prefer.AUTO)
    assert check(ledger, within).fits
    return ledger


def kernels(ledger: Ledger) -> set[str]:
    return {low.kernel for low in ledger.lowered}


def cycles(graph: Graph, ledger: Ledger) -> float:
    return float(board_latency(BOARD).of(graph, ledger.lowered, trained=False).cycles or 0)


def test_less_flash_gives_up_special_kernels_then_tiles_then_blocks(
    graph: Graph,
) -> None:
    found = [ledger_in(graph, board_budget(BOARD).flash_bytes)]
    for _ in range(3):
        found.append(ledger_in(graph, found[-1].flash_bytes - 1))
    wanted = [{STEM, TILES, BLOCK, FEW}, {TILES, BLOCK}, {BLOCK}, set()]
    assert [kernels(one) & {STEM, TILES, BLOCK, FEW} for one in found] == wanted
    times = [cycles(graph, one) for one in found]
    assert times == sorted(times)
