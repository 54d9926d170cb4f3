"""The table of code sizes holds on every core and family, and for both kinds of UART."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from micronas.board import Board, board_names, load_board
from micronas.codegen import generate
from micronas.codegen.lowering import Target
from micronas.codegen.lowering.lower import lower_graph
from micronas.firmware import build_firmware
from micronas.memory.codesize import firmware_size
from micronas.memory.plan import plan_memory
from micronas.model.graph import Graph, Tensor
from micronas.model.net.shape_graph import shape_graph
from micronas.space.reference.mlperf_tiny import keyword_ds_cnn
from tests.support.paths import MEASURE_COMMAND, TOOLS

BOARDS = (
    "nucleo_l4r5zi",
    "nucleo_g071rb",
    "nucleo_l552ze_q",
    "nucleo_u575zi_q",
    "nucleo_f103rb",
    "nucleo_h743zi2",
)


def with_room(board: Board) -> Board:
    """Memory for any network; what is linked does not depend on it."""
    sys.path.insert(0, str(TOOLS))
    try:
        import measure_code_size
    finally:
        sys.path.remove(str(TOOLS))
    return measure_code_size.with_room(board)


def keyword_graph() -> Graph:
    """MLPerf Tiny's DS-CNN with zeros for weights."""

    def filled(tensor: Tensor) -> Tensor:
        if not tensor.is_constant or tensor.data is not None:
            return tensor
        return replace(tensor, data=np.zeros(tensor.shape, tensor.dtype.value))

    graph = shape_graph(keyword_ds_cnn())
    return replace(graph, tensors=tuple(filled(tensor) for tensor in graph.tensors))


@pytest.mark.parametrize("name", board_names())
def test_every_shipped_board_has_a_size(name: str) -> None:
    assert firmware_size(load_board(name), frozenset(), 0).code_bytes > 0


@pytest.mark.slow
@pytest.mark.emulator
@pytest.mark.parametrize("name", BOARDS)
def test_the_promise_is_within_one_percent(name: str, tmp_path: Path, firmware_cache: Path) -> None:
    board, graph = load_board(name), keyword_graph()
    lowered = lower_graph(graph, Target(board.core))
    promised = firmware_size(board, frozenset(op.kernel for op in lowered), len(lowered))
    sources = generate(graph, lowered, plan_memory(graph, lowered), name="keywords")
    linked = build_firmware(sources, with_room(board), workdir=tmp_path, cache_dir=firmware_cache).linked
    assert promised.static_bytes == linked.static
    ours, theirs = promised.code_bytes + promised.rodata_bytes, linked.code + linked.rodata
    assert abs(ours - theirs) <= 0.01 * theirs, f"promised {ours}, linked {theirs}: run `{MEASURE_COMMAND}`"
