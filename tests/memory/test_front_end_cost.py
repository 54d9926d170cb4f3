"""The bytes of front ends: the ledger against what the linker made of a program that includes one."""

from __future__ import annotations

import json

import pytest

import micronas as mn
from micronas.board import Core, load_board
from micronas.codegen.toolchain import find_gcc, gcc_version
from micronas.errors import BudgetError
from micronas.memory.budget import less_front_end
from micronas.memory.front_end_cost import CODE_TABLE, FrontEndCost, cost_of_file
from micronas.memory.ledger import Budget
from micronas.model.front_end import FILE_NAME, FrontEnd, FrontEndFile, to_json
from micronas.model.tflite.writer import write
from tests.support.paths import TOOLS

with pytest.MonkeyPatch.context() as patch:
    patch.syspath_prepend(str(TOOLS))
    import measure_front_end

BOARD = load_board("nucleo_f446re")


@pytest.mark.parametrize("core", [Core.M0PLUS, Core.M4F], ids=lambda core: core.name)
@pytest.mark.parametrize("kind", sorted(measure_front_end.EXAMPLES))
def test_constants_and_buffers_are_the_linkers_to_the_byte(kind, core, tmp_path):
    if (gcc := find_gcc()) is None:
        pytest.skip("arm-none-eabi-gcc is not on PATH")
    cost = cost_of_file(measure_front_end.EXAMPLES[kind])
    linked = measure_front_end.linked(kind, core, tmp_path)
    assert (linked["constants"], linked["buffers"]) == (cost.constant_bytes, cost.buffer_bytes)
    if gcc_version(gcc) == json.loads(CODE_TABLE.read_text())["compiler"]:
        assert linked["code"] + linked["constants"] == cost.flash_bytes(core)


def test_the_arena_holds_the_scratch_unless_it_is_smaller_or_holds_states():
    cost = FrontEndCost("logmel", 2000, 3000, 2048)
    assert cost.sram_bytes(2048, has_states=False) == 3000
    assert cost.sram_bytes(2000, has_states=False) == 3048
    assert cost.sram_bytes(9000, has_states=True) == 5048


def test_a_front_end_without_c_costs_nothing_that_is_known():
    file = FrontEndFile(FrontEnd("grey", 1), "image", (8, 8, 1), (0.0, 1.0), "classify", ("a", "b"), {})
    assert cost_of_file(file) is None
    assert less_front_end(Budget(100, 100), None, BOARD) == Budget(100, 100)


def test_a_front_end_that_fills_the_limit_is_refused_with_both_figures():
    cost = FrontEndCost("logmel", 2000, 3000, 2048)
    assert less_front_end(Budget(100_000, 5000), cost, BOARD).sram_bytes == 2000
    with pytest.raises(BudgetError, match="takes 3,000 bytes of SRAM, but the limit is 3,000"):
        less_front_end(Budget(100_000, 3000), cost, BOARD)


def test_check_counts_the_front_end_beside_the_model(tmp_path):
    file = measure_front_end.EXAMPLES["logmel"]
    (tmp_path / "model.tflite").write_bytes(write(measure_front_end.network(file)))
    alone = mn.check(tmp_path / "model.tflite", BOARD)
    (tmp_path / FILE_NAME).write_text(json.dumps(to_json(file)))
    both = mn.check(tmp_path / "model.tflite", BOARD)
    cost = cost_of_file(file)
    assert both.flash_bytes - alone.flash_bytes == cost.flash_bytes(BOARD.core)
    assert both.sram_bytes - alone.sram_bytes == cost.sram_bytes(alone.ledger.arena_bytes, has_states=False)
    tight = mn.check(tmp_path / "model.tflite", BOARD, sram_kb=(alone.sram_bytes + 1000) / 1024)
    assert not tight.fits
    assert "front end" in tight.reasons[0]
