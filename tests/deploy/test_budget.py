"""What does not fit is said by the linker, and why by the ledger."""

from __future__ import annotations

from pathlib import Path

import pytest

from micronas.board import load_board
from micronas.deploy.deployment import build
from micronas.errors import BudgetError
from tests.support.arena_networks import network


@pytest.mark.emulator
def test_a_model_larger_than_the_sram_names_bytes_limit_and_layer(
    tmp_path: Path, firmware_cache: Path
) -> None:
    board = load_board("bluepill_f103c8")
    with pytest.raises(BudgetError) as caught:
        build(network(200), board, workdir=tmp_path, cache_dir=firmware_cache)
    assert "does not fit bluepill_f103c8: SRAM: " in caught.value.message
    assert "bytes of 20,480" in caught.value.message
    assert "the arena's peak is at op #" in caught.value.message
    assert "lower the peak" in (caught.value.remedy or "") or "input" in (caught.value.remedy or "")
