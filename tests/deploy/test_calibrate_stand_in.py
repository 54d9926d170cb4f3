"""``calibrate`` from end to end, on a stand-in for a board: real kernels, cycles by hidden weights, noise.

The stand-in answers PROTOCOL.md over a pseudo terminal. Its cycles are made from the class counts of the very
firmware that would be uploaded, by weights that ``calibrate`` does not know.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from micronas.board import Board, load_board
from micronas.cli.calibrate import calibration_json, section
from micronas.deploy.calibration.network import calibration_graph
from micronas.deploy.calibration.run import calibrate, calibration_boards, memory_boards, profiled
from micronas.deploy.deployment import Built, Samples
from micronas.deploy.modelled import counted
from micronas.device.serial_link import SerialLink
from micronas.errors import BoardError, DeviceError
from micronas.firmware import Firmware
from micronas.latency.core_model import timing_model
from micronas.latency.counts.classes import ClassCounts
from tests.support.interpreter_board import InterpreterBoard, packed_profile
from tests.support.json_page import require_documented

BOARD = load_board("disco_f407vg")
"""Its arenas may lie in two memories: ``ccm`` and ``sram``."""
HIDDEN = {
    "insn": 1.2,
    "ldr": 1.4,
    "ldr_paired": -1.3,
    "ldm_words": 1.15,
    "stm_words": 1.1,
    "ldrd": 2.2,
    "taken": 2.2,
}
HIDDEN_MISS = 2.2
HIDDEN_SRAM = 0.35
"""Cycles that an access to ``sram`` takes more than one to ``ccm``."""
NOISE = 0.003


class HiddenCore(InterpreterBoard):
    """Each op takes the cycles that it was given."""

    cycles: tuple[int, ...] = ()

    def _profile(self, payload: bytes) -> bytes:
        return packed_profile(payload, list(self.cycles))


def hidden_cycles(counts: ClassCounts, wait_states: int, memory: str = "ccm") -> float:
    weights = {**timing_model(BOARD).weights, **HIDDEN}
    core = sum(weight * getattr(counts, name) for name, weight in weights.items())
    words = counts.ldm_words + counts.stm_words + 2 * (counts.ldrd + counts.strd)
    core += HIDDEN_SRAM * (memory == "sram") * (counts.ldr + counts.store + words)
    return core + HIDDEN_MISS * wait_states * (counts.flash_insn + counts.flash_data)


def test_a_board_is_calibrated_at_two_clocks_with_different_wait_states() -> None:
    fast, slow = calibration_boards(BOARD)
    assert fast == BOARD
    assert slow.region("flash").wait_states < fast.region("flash").wait_states


def test_a_board_is_probed_in_every_other_memory_that_an_arena_may_lie_in() -> None:
    assert [b.arena_regions for b in memory_boards(BOARD, "ccm")] == [("sram",)]
    assert memory_boards(load_board("nucleo_f446re"), "sram") == ()


def test_a_core_without_a_cycle_counter_is_refused_before_anything_is_built(tmp_path: Path) -> None:
    board = load_board("nucleo_g071rb")
    with pytest.raises(BoardError, match="cortex-m0plus has no cycle counter"):
        calibrate(board, lambda firmware, samples: [], workdir=tmp_path, cache_dir=None)


@pytest.mark.slow
@pytest.mark.emulator
def test_hidden_weights_of_a_stand_in_board_are_recovered(tmp_path: Path, firmware_cache: Path) -> None:
    graph, rng = calibration_graph(), np.random.default_rng(3)
    counts: list[ClassCounts] = []
    asked: list[tuple[int, str]] = []

    def count(built: Built, samples: Samples) -> list[ClassCounts]:
        counts.extend(counted(BOARD, tmp_path / "twin", firmware_cache)(built, samples))
        return counts

    def measure(firmware: Firmware, samples: Samples) -> list[float]:
        wait_states, memory = firmware.board.region("flash").wait_states, str(firmware.arena_location)
        asked.append((wait_states, memory))
        board = HiddenCore()
        board.flashed(graph, firmware.build_id)
        board.cycles = tuple(
            round(hidden_cycles(c, wait_states, memory) * (1 + NOISE * rng.standard_normal())) for c in counts
        )
        with board, SerialLink(board.port, 115_200, emulated=False) as link:
            return profiled(link, samples)

    done = calibrate(BOARD, measure, workdir=tmp_path, cache_dir=firmware_cache, count=count)
    fitted = done.fitted
    assert fitted.error < 0.05 < timing_model(BOARD).error
    assert fitted.error < fitted.error_before / 2
    assert fitted.miss_cycles_per_wait_state == pytest.approx(HIDDEN_MISS, rel=0.1)
    assert fitted.weights["insn"] == pytest.approx(HIDDEN["insn"], rel=0.1)
    assert asked == [(5, "ccm"), (0, "ccm"), (5, "sram")]
    assert set(fitted.memories) == {"sram"}
    assert fitted.memories["sram"].cycles_per_access == pytest.approx(HIDDEN_SRAM, rel=0.1)
    require_documented("calibrate", calibration_json(BOARD, done), free=["weights", "memories"])
    kept = yaml.safe_load(section(BOARD, done))["calibration"]
    board = Board.model_validate({**BOARD.model_dump(), "calibration": kept})
    for memory in ("ccm", "sram"):
        model = timing_model(board, memory)
        whole = sum(model.cycles(c).value for c in counts)
        assert whole == pytest.approx(sum(hidden_cycles(c, 5, memory) for c in counts), rel=0.02)
    assert kept["residuals"]["median"] <= kept["error"] <= max(0.02, kept["residuals"]["largest"])


def test_an_emulator_is_no_board_to_calibrate_with() -> None:
    board = HiddenCore()
    board.flashed(calibration_graph(), bytes(16))
    with (
        board,
        SerialLink(board.port, 115_200, emulated=True) as link,
        pytest.raises(DeviceError, match="does not count cycles"),
    ):
        profiled(link, [])
