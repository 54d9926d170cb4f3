"""MLPerf Tiny's device in Renode: a firmware that says that it is emulated, over the stand-in's socket."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from micronas.board import load_board
from micronas.cli.mlperf import Hardware, serve
from micronas.deploy.mlperf.firmware import DutFirmware, build_dut
from micronas.deploy.mlperf.result import source_of
from micronas.deploy.mlperf.script import run_performance
from micronas.deploy.mlperf.session import open_dut
from micronas.deploy.mlperf.task import TASKS
from micronas.device.renode import RenodeDevice
from micronas.device.targets import Renode, execution_target
from micronas.errors import ConfigError, DeadlineError, ProtocolError
from micronas.memory.plan.prefer import Prefer
from micronas.model.tflite import read
from micronas.trial import Source
from tests.support.mlperf_build import BUILD, NAME, dut_build
from tests.support.mlperf_host import CYCLES, build_host_dut
from tests.support.paths import FIRMWARE_MODELS
from tests.support.renode_stand_in import install_stand_in

CLASSES = FIRMWARE_MODELS / "mlperf_classes.c"
DUT = {"board": "nucleo_f446re", "name": f"{NAME} EMULATED", "build_id": BUILD, "counter": "instructions: x"}


def behind_the_uart(folder: Path, monkeypatch: pytest.MonkeyPatch, **dut: object) -> Path:
    log = install_stand_in(folder, monkeypatch)
    monkeypatch.setenv("FAKE_RENODE_DUT", json.dumps({**DUT, **dut}))
    return log


@pytest.fixture
def for_renode(tmp_path: Path) -> DutFirmware:
    built = dut_build(tmp_path)
    built.firmware.elf.write_bytes(b"\x7fELF")
    return built


def test_a_device_in_renode_is_loaded_and_timed(
    for_renode: DutFirmware, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = behind_the_uart(tmp_path, monkeypatch, us_per_inference=[500])
    with open_dut(Renode(), for_renode) as dut:
        performance = run_performance(dut, bytes(490), windows=2, window_s=0.01)
        about = dut.about()
    assert performance.throughput == pytest.approx(2000)
    assert source_of(about.counter, emulated=dut.link.emulated) is Source.EMULATED
    assert log.read_text().splitlines()[-3] == "ExecuteCommand: start"


def test_another_build_in_renode_is_refused(
    for_renode: DutFirmware, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    behind_the_uart(tmp_path, monkeypatch, build_id="00ff")
    with pytest.raises(ProtocolError, match="build is '00ff'"), open_dut(Renode(), for_renode):
        pass


def test_a_mute_device_in_renode_is_a_deadline(
    for_renode: DutFirmware, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    behind_the_uart(tmp_path, monkeypatch, mute=True)
    monkeypatch.setitem(RenodeDevice.__init__.__kwdefaults__, "start_deadline_s", 3.0)
    with (
        pytest.raises(DeadlineError, match="no MLPerf Tiny device under test replied"),
        open_dut(Renode(), for_renode),
    ):
        pass


@pytest.mark.emulator
def test_the_image_for_renode_differs_by_what_it_says_of_itself(
    shared_models: Path, tmp_path: Path, firmware_cache: Path
) -> None:
    graph, board = read(shared_models / "kws_ref_model.tflite"), load_board("nucleo_f446re")
    made = build_dut(
        graph, board, TASKS["kws01"], workdir=tmp_path, cache_dir=firmware_cache, device=Renode()
    )
    assert made.running.board == made.firmware.board == board
    assert made.running.build_id != made.firmware.build_id
    assert made.running.regions["sram"] == made.firmware.regions["sram"]
    place = replace(execution_target(Renode(), board), own_elf=made.running is made.firmware)
    assert str(place).endswith("not this board's ELF: it is built for emulation")


def test_a_firmware_for_renode_takes_its_cycle_counter_for_instructions(tmp_path: Path) -> None:
    """1.55 cycles each at 168 MHz by the profile, where the port says 120 MHz and core cycles."""
    dut = build_host_dut(TASKS["kws01"], CLASSES, tmp_path, emulated=True)
    load = b"db load 490%" + 14 * (b"db " + 35 * b"00" + b"%")
    said = dut.run(load + b"name%help%infer 1000 0%", kind=CYCLES, step=7_001)
    assert b"m-name-dut-[micronas bench_top EMULATED]\r\n" in said.uart
    assert b"counter instructions: EMULATED, microseconds are instructions x 1.550 cycles" in said.uart
    first, second = (int(line[9:]) for line in said.uart.split(b"\r\n") if line.startswith(b"m-lap-us-"))
    assert second - first == pytest.approx(2001 * 7_001 * 1.55 / 168, abs=2)


def test_the_public_runner_cannot_open_renodes_uart(tmp_path: Path) -> None:
    board = load_board("nucleo_f446re")
    hardware = Hardware(board, board, "renode", probe=None, port=None)
    with pytest.raises(ConfigError, match="opens serial ports, and a UART in Renode is a TCP socket"):
        serve(tmp_path / "no.tflite", hardware, task=None, mode="performance", pin=None, prefer=Prefer.SRAM)
