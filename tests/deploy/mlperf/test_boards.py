"""The device for an energy monitor links for both generations of GPIO, and drives the pin that was named."""

from __future__ import annotations

from pathlib import Path

import pytest

from micronas.board import load_board
from micronas.deploy.mlperf.firmware import ENERGY_BAUD, RunMode, dut_program, mlperf_header
from micronas.deploy.mlperf.task import TASKS
from micronas.firmware import build_firmware
from micronas.firmware.program import SERVER
from tests.support.paths import FIRMWARE_MODELS

MODEL = (FIRMWARE_MODELS / "mlperf_classes.c").read_text(encoding="utf-8")
KWS = TASKS["kws01"]


@pytest.mark.emulator
@pytest.mark.parametrize("name", ["bluepill_f103c8", "nucleo_h743zi2"])
def test_energy_mode_links_the_pin_driver(name: str, firmware_cache: Path, tmp_path: Path) -> None:
    board = load_board(name)
    images = [
        build_firmware(
            {"mn_model.c": MODEL}, board, workdir=tmp_path / str(i), cache_dir=firmware_cache, program=program
        ).image
        for i, program in enumerate((dut_program(board, KWS, RunMode.ENERGY, "PB13"), SERVER))
    ]
    names = [{symbol.name for symbol in image.symbols} for image in images]
    assert {"mn_pin_write", "mlperf_timestamp", "mlperf_buffer"} <= names[0]
    assert not any("mlperf" in n or n.startswith("mn_pin") for n in names[1]), (
        "bench's firmware pays for none of it"
    )
    assert not any(n.startswith("mn_server") for n in names[0])


def test_the_header_has_the_tasks_and_the_boards_figures() -> None:
    board = load_board("nucleo_f446re")
    text = mlperf_header(board, TASKS["ad01"], RunMode.ENERGY, "PB13")
    for line in (
        '#define MN_MLPERF_MODEL "ad01"',
        "#define MN_MLPERF_INPUT MN_MLPERF_FLOAT32",
        "#define MN_MLPERF_INPUT_BYTES 2560u",
        "#define MN_MLPERF_ERROR_SCORE 1",
        "#define MN_MLPERF_ENERGY 1",
        "#define MN_MLPERF_PIN_PORT 1u",
        "#define MN_MLPERF_PIN 13u",
        "#define MN_MLPERF_CYCLES_PER_1000_INSTRUCTIONS 1550u",
    ):
        assert line in text.splitlines()
    assert (RunMode.ENERGY.baud, RunMode.PERFORMANCE.baud) == (ENERGY_BAUD, 115_200) == (9_600, 115_200)
