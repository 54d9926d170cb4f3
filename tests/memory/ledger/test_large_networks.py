"""Networks of very many ops: what would take minutes is left out, and the ledger says so."""

from __future__ import annotations

import pytest

import micronas.deploy.limits as limits
import micronas.memory.ledger.by_rows as by_rows
from benchmarks.scale.large_files import chain
from micronas.api.check import check as check_file
from micronas.board import load_board
from micronas.errors import ModelError
from micronas.memory.ledger import Budget, check, make_ledger
from micronas.memory.ledger.by_rows import too_long_for_rows
from micronas.memory.plan.prefer import Prefer
from micronas.model.tflite.writer import write

BOARD = load_board("nucleo_f446re")
TOO_SMALL = Budget(512 * 1024, BOARD.stack_bytes + 600)


@pytest.mark.parametrize("prefer", [Prefer.AUTO, Prefer.ROWS])
def test_no_plan_by_rows_is_looked_for_in_a_very_long_network(monkeypatch, prefer: Prefer) -> None:
    monkeypatch.setattr(by_rows, "RowPlanner", lambda *_: pytest.fail("a plan by rows was looked for"))
    ledger = make_ledger(chain(400), BOARD, within=TOO_SMALL, prefer=prefer)
    (note,) = ledger.notes
    assert not check(ledger, TOO_SMALL).fits
    assert note.startswith("no plan by rows was looked for: ")
    assert note.endswith("the limit is 50,000; a network of at most 223 ops is within it")


def test_the_longest_network_that_the_note_names_has_none() -> None:
    assert not too_long_for_rows(chain(223))


def test_check_refuses_more_ops_than_any_microcontroller_runs(monkeypatch, tmp_path) -> None:
    path = tmp_path / "long.tflite"
    path.write_bytes(write(chain(5)))
    monkeypatch.setattr(limits, "MAX_OPS", 4)
    with pytest.raises(ModelError, match="long: 5 ops; the limit is 4"):
        check_file(path, "nucleo_f446re")
