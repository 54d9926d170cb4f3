"""MLPerf Tiny's device in QEMU: its protocol byte for byte, its time and results, and the verbs."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from micronas.board import Board, load_board
from micronas.board.twin import twin_of
from micronas.deploy.mlperf.dut import Dut
from micronas.deploy.mlperf.firmware import RunMode, build_dut, dut_program
from micronas.deploy.mlperf.samples import random_load, read_files
from micronas.deploy.mlperf.script import run_accuracy
from micronas.deploy.mlperf.session import open_dut, require_build
from micronas.deploy.mlperf.task import TASKS, MlperfTask
from micronas.device.qemu import QemuDevice
from micronas.device.serial_link import SerialLink
from micronas.device.targets import Qemu
from micronas.errors import BudgetError, ConfigError, ProtocolError
from micronas.firmware import Firmware, build_firmware
from micronas.memory.plan.prefer import Prefer
from micronas.model.interpreter import run_batch
from micronas.model.tflite import read
from tests.support import command_line
from tests.support.json_page import require_documented
from tests.support.paths import FIRMWARE_MODELS

pytestmark = pytest.mark.emulator

MODELS = FIRMWARE_MODELS
PUBLISHED = {
    "kws01": "kws_ref_model.tflite",
    "vww01": "vww_96_int8.tflite",
    "ic01": "pretrainedResnet_quant.tflite",
    "ad01": "ad01_int8.tflite",
}
KWS = TASKS["kws01"]
F446 = load_board("nucleo_f446re")
# One of each core: M4, M7, M3, M0+, M33; all but the first on their twins.
TRANSCRIPTS = ("nucleo_f446re", "nucleo_f767zi", "nucleo_f103rb", "nucleo_g071rb", "nucleo_l552ze_q")


def build(
    model: str, task: MlperfTask, board: Board, folder: Path, cache: Path, mode: RunMode = RunMode.PERFORMANCE
) -> Firmware:
    source = (MODELS / model).read_text(encoding="utf-8")
    program = dut_program(board, task, mode, "PA8")
    return build_firmware({"mn_model.c": source}, board, workdir=folder, cache_dir=cache, program=program)


@contextmanager
def running(firmware: Firmware) -> Iterator[Dut]:
    def answers(link: object, deadline_s: float) -> None:
        Dut(link).synchronise(deadline_s)  # type: ignore[arg-type]

    with QemuDevice(firmware.board, firmware.elf, answers=answers) as link:
        yield Dut(link)


def raw(dut: Dut, command: bytes) -> bytes:
    """All bytes that answer ``command``."""
    dut.link.write(command)
    said = b""
    while not said.endswith(b"m-ready\r\n"):
        got = dut.link.read(10.0)
        assert got, said
        said += got
    return said


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_the_transcript_is_the_protocols(name: str, firmware_cache: Path, tmp_path: Path) -> None:
    board = load_board(name)
    board = twin_of(board) or board
    firmware = build("mlperf_classes.c", KWS, board, tmp_path, firmware_cache)
    data = bytes.fromhex("807e0040c08ffffe0190a081") + bytes(478)
    exchanges = [
        (b"name%", f"m-name-dut-[micronas {board.name} EMULATED]\r\n".encode()),
        (b"profile%", b"m-profile-[ULPMark for tinyML Firmware V0.0.1]\r\nm-model-[kws01]\r\n"),
        (b"results%", b"e-[There was no inference yet]\r\n"),
        (b"db load 490%", b"m-[Expecting 490 bytes]\r\n"),
        *((b"db " + data[i : i + 31].hex().encode() + b"%", b"") for i in range(0, 465, 31)),
        (b"db " + data[465:].hex().encode() + b"%", b"m-load-done\r\n"),
        (
            b"infer 2 1%",
            b"m-warmup-start-1\r\nm-warmup-done\r\nm-infer-start-2\r\nm-lap-us-N\r\nm-lap-us-N\r\nm-infer-done\r\n"
            b"m-results-[0.004,0.996,0.504,0.754,0.254,0.062,0.500,0.496,0.508,0.066,0.129,0.008]\r\n",
        ),
        (
            b"results%",
            b"m-results-[0.004,0.996,0.504,0.754,0.254,0.062,0.500,0.496,0.508,0.066,0.129,0.008]\r\n",
        ),
        (b"timestamp%", b"m-lap-us-N\r\n"),
        (b"quark 1%", b"e-[Unknown command: quark]\r\n"),
        (b"stop%", b"No stream is running\r\n"),
        (b"start%", b"e-[No sound input: only infer runs the network]\r\n"),
        (b"%", b""),
        (b"db load 3%", b"m-[Expecting 3 bytes]\r\n"),
        (b"db 0aFFb0%", b"m-load-done\r\n"),
        (b"db print%", b"m-buffer-0a-ff-b0\r\n"),
        (b"infer%", b"e-[The input has 3 bytes, the network takes 490]\r\n"),
    ]
    with running(firmware) as dut:
        for sent, expected in exchanges:
            said = re.sub(rb"m-lap-us-[0-9]+\r\n", b"m-lap-us-N\r\n", raw(dut, sent))
            assert said == expected + b"m-ready\r\n", sent
        build_line = f"build {firmware.build_id.hex()}\r\n".encode()
        assert build_line in raw(dut, b"help%")


def test_time_is_executed_instructions_at_the_profiles_rate(firmware_cache: Path, tmp_path: Path) -> None:
    """counted.c executes 600,000 instructions in its loops; 1.55 cycles each at 180 MHz by the profile."""
    task = replace(KWS, input_shape=(16,), outputs=16)
    firmware = build("counted.c", task, F446, tmp_path, firmware_cache)
    with running(firmware) as dut:
        dut.load(bytes(16))
        few, many = (dut.infer(count, 0, 30.0).elapsed_us for count in (10, 110))
        public = dut.infer(70, 10, 60.0).elapsed_us  # the counts of the public runner's tests
    assert few is not None
    assert many is not None
    loops_us = 100 * 600_000 * 1.55 / 180
    assert loops_us < many - few < loops_us * 1.001  # and some 300 instructions around them
    assert public is not None
    assert public == pytest.approx(0.7 * loops_us, rel=0.01)


def test_energy_mode_says_no_time(firmware_cache: Path, tmp_path: Path) -> None:
    firmware = build("mlperf_classes.c", KWS, F446, tmp_path, firmware_cache, RunMode.ENERGY)
    with running(firmware) as dut:
        dut.load(bytes(490))
        said = raw(dut, b"infer 2 0%")
        assert raw(dut, b"timestamp%") == b"m-ready\r\n"
    assert b"m-infer-start-2\r\nm-infer-done\r\nm-results-[0.504," in said
    assert b"lap" not in said


def test_a_fault_is_an_error_line_and_then_silence(firmware_cache: Path, tmp_path: Path) -> None:
    task = replace(KWS, input_shape=(16,), outputs=16)
    firmware = build("bad_address.c", task, F446, tmp_path, firmware_cache)
    with running(firmware) as dut:
        dut.load(bytes(16))
        dut.link.write(b"infer 1 0%")
        said = b""
        while got := dut.link.read(1.0):
            said += got
    match = re.search(rb"\r\ne-\[Fault: exception (\d+), pc 0x([0-9a-f]{8})\]\r\n$", said)
    assert match, said
    assert firmware.image.symbol_at(int(match[2], 16)) == "read_nowhere"
    assert b"m-ready" not in said


@pytest.mark.slow
@pytest.mark.parametrize("name", PUBLISHED)
def test_results_of_the_published_networks_are_the_references(
    shared_models: Path, firmware_cache: Path, tmp_path: Path, name: str
) -> None:
    graph, task = read(shared_models / PUBLISHED[name]), TASKS[name]
    tensor, out = graph.tensors[graph.inputs[0]], graph.tensors[graph.outputs[0]]
    built = build_dut(graph, F446, task, workdir=tmp_path, cache_dir=firmware_cache)
    data = random_load(task)
    with open_dut(Qemu(), built) as dut:
        dut.load(data)
        got = dut.infer(2, 1, 60.0).results
    assert tensor.quant is not None
    assert out.quant is not None
    if task.error_score:
        real = np.frombuffer(data, "<f4")
        scaled = real / np.float32(tensor.quant.scale[0])
        q = np.sign(scaled) * np.floor(np.abs(scaled) + 0.5) + tensor.quant.zero_point[0]
    else:
        real = np.zeros(0)
        q = (
            np.frombuffer(data, np.uint8).astype(int) - 128
            if name != "kws01"
            else np.frombuffer(data, np.int8)
        )
    sample = np.clip(q, -128, 127).astype(np.int8).reshape(tensor.shape)
    (reference,) = run_batch(graph, [sample])
    values = (reference.ravel().astype(np.float32) - out.quant.zero_point[0]) * np.float32(out.quant.scale[0])
    expected = [np.mean((values - real) ** 2)] if task.error_score else values
    assert got == pytest.approx(expected, abs=0.00051, rel=1e-5)
    sram = built.sram
    assert sram.input_buffer == task.input_bytes + (640 if task.error_score else 0)
    assert sram.static - sram.input_buffer < 256
    assert sram.total == built.firmware.linked.sram_bytes == built.firmware.regions["sram"]


def test_a_network_whose_input_buffer_does_not_fit_is_refused(
    shared_models: Path, firmware_cache: Path, tmp_path: Path
) -> None:
    """The arena of 37,812 bytes and 4,096 of stack fit into 63 KB, with 27,648 of input they do not."""
    graph = read(shared_models / PUBLISHED["vww01"])
    small = tuple(r.model_copy(update={"length": 63 * 1024}) if r.name == "sram" else r for r in F446.regions)
    board = F446.model_copy(update={"regions": small})
    with pytest.raises(BudgetError, match=r"sram by 5,?\d{3} bytes.*27,648 bytes of input"):
        build_dut(
            graph, board, TASKS["vww01"], workdir=tmp_path, cache_dir=firmware_cache, prefer=Prefer.SRAM
        )


def test_energy_mode_wants_a_pin(shared_models: Path, tmp_path: Path) -> None:
    graph = read(shared_models / PUBLISHED["kws01"])
    for pin in (None, "D7", "PA16"):
        with pytest.raises(ConfigError, match="pulses on a pin"):
            build_dut(graph, F446, KWS, workdir=tmp_path, cache_dir=None, mode=RunMode.ENERGY, pin=pin)


@pytest.mark.slow
def test_accuracy_is_the_references_and_another_build_is_refused(
    shared_models: Path, shared_data: Path, firmware_cache: Path, tmp_path: Path
) -> None:
    graph = read(shared_models / PUBLISHED["kws01"])
    files = read_files(shared_data / "mlperf_tiny_kws_1000.npz", KWS, graph.tensors[graph.inputs[0]], 40)
    samples = np.stack([np.frombuffer(f.loads[0], np.int8).reshape(49, 10, 1) for f in files])
    (reference,) = run_batch(graph, [samples])
    right = np.argmax(reference.reshape(40, 12), axis=1) == [f.label for f in files]
    built = build_dut(graph, F446, KWS, workdir=tmp_path, cache_dir=firmware_cache)
    other = replace(built, running=replace(built.running, build_id=bytes(16)))
    with open_dut(Qemu(), built) as dut:
        accuracy = run_accuracy(dut, KWS, files)
        with pytest.raises(ProtocolError, match="build is"):
            require_build(dut, other)
    assert accuracy.top1 == np.mean(right)
    assert 0.8 < np.mean(right) < 1


@pytest.mark.slow
def test_the_verb_prints_labelled_lines_and_json(shared_models: Path, tmp_path: Path) -> None:
    model = shared_models / PUBLISHED["kws01"]
    done = micronas("mlperf", model, "--board", "nucleo_f446re", "--window-s", "0.3", "--json", cwd=tmp_path)
    result = json.loads(done.stdout)
    assert (result["task"], result["source"], result["submission"]) == ("kws01", "emulated", False)
    require_documented("mlperf MODEL", result, absent=["files", "top1", "auc", "target"])
    performance = result["performance"]
    assert len(performance["windows"]) == 5
    assert all(w["elapsed_us"] >= 300_000 and w["inferences"] >= 10 for w in performance["windows"])
    assert not performance["by_the_rules"]
    assert (performance["source"], performance["wait_states"]) == ("modelled", 5)
    assert performance["low_ms"] < performance["latency_ms"] < performance["high_ms"]
    assert performance["throughput"] == pytest.approx(1000 / performance["latency_ms"])
    assert result["accuracy"] is None
    lines = micronas(
        *("mlperf", model, "--board", "nucleo_f446re", "--window-s", "0.3", "--log", tmp_path / "log"),
        cwd=tmp_path,
    ).stdout.splitlines()
    tagged = [line for line in lines if line.startswith("mlperf-tiny [modelled]: ")]
    assert f"Throughput is {performance['throughput']:>10.3f} inf./sec." in "".join(tagged)
    assert "), modelled, M4, 5 wait states" in "".join(tagged)
    assert not any("[emulated]" in line for line in lines)
    assert "not an MLPerf result" in tagged[-1]
    assert "> db load 490%" in (tmp_path / "log").read_text().splitlines()


@pytest.mark.slow
def test_bench_holds_a_device_for_the_public_runner(shared_models: Path, tmp_path: Path) -> None:
    """The runner opens the port on its own, asks, and leaves; it may come again."""
    model = shared_models / PUBLISHED["ad01"]
    command = ["bench", model, "--board", "nucleo_f446re", "--protocol", "mlperf-tiny", "--task", "ad01"]
    with subprocess.Popen(
        [sys.executable, "-m", "micronas", *map(str, command)],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    ) as served:
        try:
            assert served.stdout is not None
            said = ""
            while not (match := re.search(r"ad01 is available on (\S+) at 115200 baud\nEMULATED", said)):
                line = served.stdout.readline()
                assert line, said
                said += line
            for _ in range(2):
                with SerialLink(match[1], 115_200) as link:
                    dut = Dut(link)
                    dut.synchronise(15.0)
                    dut.load(random_load(TASKS["ad01"]))
                    assert dut.infer(
                        70, 10, 60.0
                    ).elapsed_us  # as the runner's own tests_performance.yaml asks
            emulators = Path(f"/proc/{served.pid}/task/{served.pid}/children").read_text().split()
        finally:
            served.send_signal(signal.SIGINT)
        assert served.wait(20) == 0
    assert len(emulators) == 1
    assert not Path(f"/proc/{emulators[0]}").exists()


def test_unknown_options_are_refused(shared_models: Path, tmp_path: Path) -> None:
    model = shared_models / PUBLISHED["kws01"]
    board = ("--board", "nucleo_f446re")
    for arguments, part in (
        (("bench", model, *board, "--protocol", "mlperf"), "--protocol mlperf: unknown"),
        (("bench", model, *board, "--task", "kws01", "--pin", "PA8"), "--task, --pin have no effect"),
        (("flash", model, *board, "--mode", "energy"), "--mode has no effect with --protocol micronas"),
        (("bench", model, *board, "--protocol", "mlperf-tiny", "--json"), "--json has no effect"),
        (("bench", model, *board, "--protocol", "mlperf-tiny", "--mode", "energy"), "no pin was given"),
        (("mlperf", model, *board, "--task", "sww01"), "does not match the task sww01: its input has 490"),
        (("mlperf", model, *board, "--task", "kws02"), "--task kws02: unknown"),
        (("mlperf", model, *board, "--script", "energy"), "--script energy: unknown"),
        (("mlperf", model, *board, "--script", "accuracy"), "--data"),
    ):
        done = micronas(*arguments, cwd=tmp_path, code=2)
        assert part in done.stderr
        assert "Traceback" not in done.stderr


def micronas(*arguments: object, cwd: Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = command_line.micronas(*arguments, cwd=cwd, timeout_s=200)
    assert done.returncode == code, done.stderr
    return done
