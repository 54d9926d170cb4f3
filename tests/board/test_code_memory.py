"""RAM for code in a profile: where it may be, and where a twin has it. Addresses: RM0090, RM0351, RM0440."""

from __future__ import annotations

import pytest

from micronas.board import Board, CodeMemory, board_names, load_board
from micronas.board.checks import CHECKS
from micronas.board.twin import stand_in_for

F407, G474, L476 = (load_board(name) for name in ("disco_f407vg", "nucleo_g474re", "nucleo_l476rg"))


def problems(board: Board, origin: int, length: int, data_origin: int | None = None) -> list[str]:
    memory = CodeMemory(origin=origin, length=length, data_origin=data_origin, source="test")
    changed = board.model_copy(update={"code_memory": memory})
    return [text for check in CHECKS for text in check(changed)]


@pytest.mark.parametrize(
    ("board", "origin", "length", "complaint"),
    [
        pytest.param(F407, 0x10000000, 4096, "is on the data bus only", id="ccm of an F4"),
        pytest.param(L476, 0x08000000, 4096, "which is flash", id="flash"),
        pytest.param(L476, 0x10000000, 65536, "not within one of the regions", id="longer than its region"),
        pytest.param(G474, 0x10000000, 4096, "state data_origin", id="in no region"),
        pytest.param(L476, 0x20000800, 4096, "overlaps the stack", id="over the stack"),
    ],
)
def test_memory_that_cannot_hold_code_is_refused(
    board: Board, origin: int, length: int, complaint: str
) -> None:
    (found,) = problems(board, origin, length)
    assert complaint in found


def test_the_same_bytes_may_have_another_address_for_data() -> None:
    assert problems(G474, 0x10000000, 32 * 1024, 0x20018000) == []


def test_boards_with_memory_for_code_are_those_whose_core_waits_for_instructions() -> None:
    found = {load_board(name).family for name in board_names() if load_board(name).code_memory}
    assert found == {"stm32l4", "stm32g4", "stm32g0"}


def test_a_twin_has_the_code_in_the_same_bytes_of_the_same_region() -> None:
    for board in (G474, L476):
        twin = stand_in_for(board)
        assert board.code_memory is not None
        assert twin.code_memory is not None
        region, moved = board.code_region, twin.code_region
        assert region is not None
        assert moved is not None
        assert moved.name == region.name
        assert twin.code_memory.in_regions - moved.origin == board.code_memory.in_regions - region.origin
