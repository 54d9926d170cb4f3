"""Networks that no microcontroller runs: refused at once, whatever would be computed from them."""

from __future__ import annotations

import pytest

from micronas.board import load_board
from micronas.deploy.bench import simplified
from micronas.deploy.library import library_files
from micronas.errors import ModelError
from micronas.memory.ledger import board_budget, check, make_ledger
from micronas.model.graph import DType, Graph, Op, Quant, Tensor
from micronas.model.op_attributes import NoAttrs

BOARD = load_board("nucleo_l4r5zi")
MB = 1024 * 1024


def chain(count: int, nbytes: int = 16, outputs: tuple[int, ...] = ()) -> Graph:
    """``count`` rectifiers in a row."""
    quant = Quant((0.1,), (0,), 0)
    tensors = tuple(Tensor(f"t{i}", (1, nbytes), DType.INT8, quant) for i in range(count + 1))
    ops = tuple(Op("RELU", (i,), (i + 1,), NoAttrs()) for i in range(count))
    return Graph("huge", tensors, ops, (0,), outputs or (count,))


HUGE = {
    "268,435,456 bytes; the limit is 67,108,864": chain(2, 256 * MB),
    "20,000 ops; the limit is 4,096": chain(20_000),
    "3,001 inputs and outputs; the limit is 256": chain(3_000, outputs=tuple(range(1, 3_001))),
}


@pytest.mark.parametrize("message", HUGE)
def test_no_library_is_made_and_no_channel_is_looked_at(message: str) -> None:
    with pytest.raises(ModelError, match=message):
        library_files(HUGE[message], name="huge")
    with pytest.raises(ModelError, match=message):
        simplified(HUGE[message], [])


def test_a_ledger_of_an_output_of_256_mb_is_a_verdict_with_its_bytes() -> None:
    graph = chain(2, 256 * MB)
    verdict = check(make_ledger(graph, BOARD), board_budget(BOARD))
    assert not verdict.fits
    assert "268,435,456" in verdict.reasons[0]


@pytest.mark.parametrize(
    "graph", [chain(20_000), chain(3_000, outputs=tuple(range(1, 3_001)))], ids=["ops", "outputs"]
)
@pytest.mark.exhaustive
def test_a_ledger_of_many_ops_or_outputs_ends(graph: Graph) -> None:
    """In seconds: planning is near-linear, and not recursive."""
    ledger = make_ledger(graph, BOARD)
    assert ledger.plan.bound_bytes == ledger.arena_bytes == 16 * len(graph.outputs)
