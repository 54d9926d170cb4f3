"""MLPerf Tiny's device on the host, byte for byte, with sanitizers: what it says, and what time it is."""

from __future__ import annotations

import random
import re
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest

from micronas.deploy.mlperf.firmware import RunMode
from micronas.deploy.mlperf.task import TASKS
from tests.support.host_c import COMPILERS, build_program
from tests.support.mlperf_host import INCLUDES, INSTRUCTIONS, MLPERF, NONE, STAND_INS, HostDut, build_host_dut
from tests.support.paths import FIRMWARE, FIRMWARE_MODELS, SUPPORT

MODELS = FIRMWARE_MODELS
CLASSES, ANOMALY = MODELS / "mlperf_classes.c", MODELS / "mlperf_anomaly.c"

START = (
    b"m-timestamp-mode-performance\r\n"
    b"board bench_top\r\n"
    b"build 000102030405060708090a0b0c0d0eff\r\n"
    b"clock 120000000\r\n"
    b"counter cycles\r\n"
    b"m-init-done\r\n"
    b"m-ready\r\n"
)


@pytest.fixture(scope="module", params=COMPILERS)
def kws(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> HostDut:
    folder = tmp_path_factory.mktemp("kws")
    return build_host_dut(TASKS["kws01"], CLASSES, folder, compiler=request.param)


@pytest.fixture(scope="module")
def ic(tmp_path_factory: pytest.TempPathFactory) -> HostDut:
    return build_host_dut(TASKS["ic01"], CLASSES, tmp_path_factory.mktemp("ic"))


@pytest.fixture(scope="module")
def ad(tmp_path_factory: pytest.TempPathFactory) -> HostDut:
    return build_host_dut(TASKS["ad01"], ANOMALY, tmp_path_factory.mktemp("ad"))


def answers(dut: HostDut, sent: bytes, **numbers: int) -> bytes:
    """What follows the start-up."""
    said = dut.run(sent, **numbers).uart
    assert said.startswith(b"m-timestamp-mode-performance\r\n")
    return said.split(b"m-init-done\r\nm-ready\r\n", 1)[1]


def load(data: bytes, per_command: int = 31) -> bytes:
    parts = [data[i : i + per_command] for i in range(0, len(data), per_command)]
    return b"db load %d%%" % len(data) + b"".join(b"db " + p.hex().encode() + b"%" for p in parts)


def loaded(data: bytes, per_command: int = 31) -> bytes:
    commands = -(-len(data) // per_command)
    return (
        b"m-[Expecting %d bytes]\r\nm-ready\r\n" % len(data) + b"m-ready\r\n" * (commands - 1)
    ) + b"m-load-done\r\nm-ready\r\n"


def test_start_up(kws: HostDut) -> None:
    assert kws.run(b"").uart == START


def test_name_profile_and_lone_percent(kws: HostDut) -> None:
    assert kws.run(b"name%profile%%").uart == START + (
        b"m-name-dut-[micronas bench_top]\r\n"
        b"m-ready\r\n"
        b"m-profile-[ULPMark for tinyML Firmware V0.0.1]\r\n"
        b"m-model-[kws01]\r\n"
        b"m-ready\r\n"
        b"m-ready\r\n"
    )


def test_an_emulator_is_named_one(kws: HostDut) -> None:
    said = kws.run(b"name%", kind=INSTRUCTIONS).uart
    assert b"m-name-dut-[micronas bench_top EMULATED]\r\n" in said
    about = b"counter instructions: EMULATED, microseconds are instructions x 1.550 cycles / 168000000 Hz\r\n"
    assert about in said.split(b"m-init-done")[0]


@pytest.mark.parametrize(
    "count", [26, 31, 37]
)  # with a power monitor, without, and all that 80 characters hold
def test_load_infer_and_results(kws: HostDut, count: int) -> None:
    # Out: (q + 1 + 128) / 256 of the first twelve bytes; 0x80 is -128, 0x7e is 126, 0x8f is -113.
    data = bytes.fromhex("80 7e 00 40 c0 8f ff fe 01 90 a0 81") + bytes(478)
    vector = b"0.004,0.996,0.504,0.754,0.254,0.062,0.500,0.496,0.508,0.066,0.129,0.008"
    assert answers(kws, load(data, count) + b"infer 3 2%results%") == loaded(data, count) + (
        b"m-warmup-start-2\r\n"
        b"m-warmup-done\r\n"
        b"m-infer-start-3\r\n"
        b"m-lap-us-0\r\n"
        b"m-lap-us-0\r\n"
        b"m-infer-done\r\n"
        b"m-results-[" + vector + b"]\r\n"
        b"m-ready\r\n"
        b"m-results-[" + vector + b"]\r\n"
        b"m-ready\r\n"
    )


def test_infer_alone_is_one_after_ten(kws: HostDut) -> None:
    said = answers(kws, load(bytes(490)) + b"infer%infer 1 0%")
    assert b"m-warmup-start-10\r\nm-warmup-done\r\nm-infer-start-1\r\n" in said
    assert b"m-warmup-start-0\r\nm-warmup-done\r\nm-infer-start-1\r\n" in said


def test_print_shows_what_was_sent(kws: HostDut, ic: HostDut) -> None:
    printed = b"m-buffer-00-80-ff-7f-01-fe-03-04\r\nm-buffer-05-06\r\nm-ready\r\n"
    sent = load(bytes.fromhex("0080ff7f01fe03040506")) + b"db print%"
    for dut in (kws, ic):
        assert answers(dut, sent) == loaded(bytes(10)) + printed


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"quark 1 2%", b"e-[Unknown command: quark]"),
        (b"start%", b"e-[No sound input: only infer runs the network]"),
        (b"stop%", b"No stream is running"),
        (b"print_detections%", b"e-[Unknown command: print_detections]"),
        (b"NAME%", b"e-[Unknown command: NAME]"),
        (b"x" * 80 + b"%", b"e-[Unknown command: " + b"x" * 80 + b"]"),
        (b"x" * 81 + b"%", b"e-[A command has at most 80 characters]"),
        (b"name " * 1000 + b"%", b"e-[A command has at most 80 characters]"),
        (b"db%", b"e-[db wants load, print or hex digits]"),
        (b"db load%", b"e-[db load wants a number of bytes above 0]"),
        (b"db load 0%", b"e-[db load wants a number of bytes above 0]"),
        (b"db load 4x%", b"e-[db load wants a number of bytes above 0]"),
        (b"db load 4294967786%", b"e-[db load wants a number of bytes above 0]"),
        (b"db load 491%", b"e-[491 bytes are more than the network's input of 490]"),
        (b"db 00%", b"e-[No bytes are expected: db load comes first]"),
        (b"infer 0%", b"e-[infer wants a number of inferences above 0]"),
        (b"infer -1%", b"e-[infer wants a number of inferences above 0]"),
        (b"infer 1 x%", b"e-[infer wants a number of warm-ups]"),
        (b"infer 1 0%", b"e-[The input has 0 bytes, the network takes 490]"),
        (b"results%", b"e-[There was no inference yet]"),
    ],
)
def test_a_refusal_is_one_line_and_ready(kws: HostDut, sent: bytes, said: bytes) -> None:
    assert answers(kws, sent) == said + b"\r\nm-ready\r\n"


def test_bad_digits_take_nothing_and_surplus_ones_are_left(kws: HostDut) -> None:
    sent = b"db load 3%db 0a1%db 0a0g%db print%db 0A%db 0b0c0d0e%db ff%db print%"
    assert answers(kws, sent) == (
        b"m-[Expecting 3 bytes]\r\nm-ready\r\n"
        b"e-[A byte has two hex digits]\r\nm-ready\r\n"
        b"e-[Not a hex digit]\r\nm-ready\r\n"
        b"m-ready\r\n"
        b"m-ready\r\n"
        b"m-load-done\r\nm-ready\r\n"
        b"e-[No bytes are expected: db load comes first]\r\nm-ready\r\n"
        b"m-buffer-0a-0b-0c\r\nm-ready\r\n"
    )


def test_line_ends_and_noise_between_commands_do_no_harm(kws: HostDut) -> None:
    sent = b"\r\n\x00\xff  name \r\n%\n\x80pro\x01file%"
    assert answers(kws, sent) == answers(kws, b"name%profile%")


def test_random_bytes_never_crash_it_and_it_stays_in_step(kws: HostDut) -> None:
    rng = random.Random(5)
    words = [b"db", b"load", b"print", b"infer", b"results", b"9", b"490", b"00", b"zz", b"%", b" ", b"name"]
    for _ in range(40):
        noise = b"".join(
            rng.choice(words) if rng.random() < 0.7 else bytes([rng.randrange(256)]) for _ in range(200)
        )
        said = answers(kws, noise + b"%name%")
        assert said.endswith(b"m-ready\r\nm-name-dut-[micronas bench_top]\r\nm-ready\r\n")
        assert said.count(b"m-ready\r\n") == (noise + b"%name%").count(b"%")


def test_pixels_lose_128(ic: HostDut) -> None:
    # Out: (byte - 128 + 1 + 128) / 256, and 255 wraps in this network
    data = bytes([0, 1, 127, 128, 254, 15, 16, 17, 31, 63]) + bytes(3062)
    said = answers(ic, load(data) + b"infer 1 0%")
    assert b"m-results-[0.004,0.008,0.500,0.504,0.996,0.062,0.066,0.070,0.125,0.250]\r\n" in said


def test_an_anomaly_score_is_the_mean_squared_error(ad: HostDut) -> None:
    values = np.random.default_rng(1).normal(0, 20, 640).astype(np.float32)
    values[:4] = [0.1875, -0.1875, 1e18, -1e18]  # two halves: away from zero; and far out
    quantized = np.clip(np.sign(values) * np.floor(np.abs(values / np.float32(0.375)) + 0.5) + 7, -128, 127)
    output = np.minimum(quantized + 2, 127).astype(np.float32)
    total = np.float32(0)
    for out, value in zip(output, values, strict=True):
        difference = np.float32(np.float32(0.4) * (out - np.float32(5))) - value
        total = np.float32(total + np.float32(difference * difference))
    # beyond 2^53 / 1000 the firmware says so
    assert total / np.float32(640) > 2**53 / 1000
    said = answers(ad, load(values.tobytes()) + b"infer 1 0%")
    assert b"m-results-[9007199254740.992]\r\n" in said
    values[2:4] = 0
    quantized[2:4], output[2:4] = 7, 9
    total = np.float32(0)
    for out, value in zip(output, values, strict=True):
        difference = np.float32(np.float32(0.4) * (out - np.float32(5))) - value
        total = np.float32(total + np.float32(difference * difference))
    expected = "%.3f" % (total / np.float32(640))
    said = answers(ad, load(values.tobytes()) + b"infer 3 1%" + b"db load 4%db 00%results%")
    assert said.count(f"m-results-[{expected}]\r\n".encode()) == 2, "kept while the next input arrives"


def test_a_nan_is_refused(ad: HostDut) -> None:
    values = np.zeros(640, np.float32)
    values[639] = np.nan
    assert answers(ad, load(values.tobytes()) + b"infer 1 0%").endswith(
        b"e-[The input holds a NaN]\r\nm-ready\r\n"
    )


@pytest.mark.parametrize("step", [1, 119, 1_000_003, 2**30, 2**31 - 1])
def test_time_survives_wraps_while_waiting_and_while_running(kws: HostDut, step: int) -> None:
    """A round of waiting and a reading move the counter by up to one turn; the device must miss none."""
    sent = b"timestamp%" + load(bytes(490)) + b"infer 50 5%" + b"\r\n" * 300 + b"timestamp%"
    said = kws.run(sent, step=step, waits=3)
    laps = [int(n) for n in re.findall(rb"m-lap-us-(\d+)\r\n", said.uart)]
    true = [int(line.split()[1]) - 4_000_000_000 - step for line in said.hardware if line.startswith("true")]
    assert len(laps) == 4
    assert laps == [cycles * 1_000_000 // 120_000_000 for cycles in true]
    assert "sleep" not in said.hardware, "a cycle counter may stand still in sleep"


def test_an_emulators_time_is_instructions_by_the_profile(kws: HostDut) -> None:
    said = kws.run(load(bytes(490)) + b"infer 1000 0%", kind=INSTRUCTIONS, step=7_001)
    laps = [int(n) for n in re.findall(rb"m-lap-us-(\d+)\r\n", said.uart)]
    # 1000 runs of two ops, and one reading for the second stamp; 1.55 cycles each at 168 MHz
    assert laps[1] - laps[0] == pytest.approx(2001 * 7_001 * 1.55 / 168, abs=2)
    assert "sleep" in said.hardware


def test_without_a_counter_there_is_no_time(kws: HostDut) -> None:
    said = answers(kws, b"timestamp%", kind=NONE)
    assert said == b"e-[No counter moves on this device, so there is no time]\r\nm-ready\r\n"


def test_energy_mode_pulses_a_pin_and_says_no_time(tmp_path: Path) -> None:
    dut = build_host_dut(TASKS["kws01"], CLASSES, tmp_path, mode=RunMode.ENERGY, pin="PC11")
    said = dut.run(b"timestamp%" + load(bytes(490), 26) + b"infer 2 1%")
    assert said.uart.startswith(b"m-timestamp-mode-energy\r\n")
    assert b"m-lap-us" not in said.uart
    assert b"m-infer-start-2\r\nm-infer-done\r\nm-results-[0.504," in said.uart
    pulse = ["pin C11 0", "pin C11 1"]
    assert [line for line in said.hardware if line != "sleep"] == ["pin C11 output high", *pulse * 3]
    assert "sleep" in said.hardware, "waiting must not cost energy"


@pytest.mark.parametrize("compiler", COMPILERS)
def test_three_decimals_are_printfs(tmp_path: Path, compiler: str) -> None:
    sources = [MLPERF / "mlperf_text.c", STAND_INS / "thousandths.c"]
    program = build_program(compiler, sources, INCLUDES, tmp_path / "thousandths")
    rng = random.Random(3)
    values = [q / 256 for q in range(257)] + [rng.uniform(-2, 2) for _ in range(2000)]
    values += [rng.uniform(0, 1) * 10 ** rng.randint(-4, 9) for _ in range(2000)] + [-0.0, 0.0005, 0.0625]
    floats = [struct.unpack("<f", struct.pack("<f", value))[0] for value in values]
    bits = "\n".join(struct.pack(">f", value).hex() for value in floats)
    done = subprocess.run([program], input=bits, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"{value:.3f}" for value in floats]


def test_the_pin_of_both_kinds_of_gpio(tmp_path: Path) -> None:
    """RM0390 7.4: MODER 01 is an output, BSRR sets below and resets above bit 16. RM0008 9.2: CRH 0011."""
    chip = SUPPORT / "host_port_c"
    (tmp_path / "mn_board.h").write_text(
        "#define MN_GPIO_BASE 0x40020000u\n#define MN_GPIO_CLOCK_REGISTER 0x40023830u\n"
    )
    port_c = 0x40020800
    expected = {
        "gpio_v2": {0x40023830: [1 << 2], port_c: [1 << 22], port_c + 0x18: [1 << 27, 1 << 11]},
        "gpio_v1": {0x40021018: [1 << 4], 0x40011004: [3 << 12], 0x40011010: [1 << 27, 1 << 11]},
    }
    for driver, registers in expected.items():
        sources = [FIRMWARE / "port" / driver / "mn_pin.c", STAND_INS / "pin.c", chip / "fake_chip.c"]
        includes = [tmp_path, chip, FIRMWARE / "port" / "common", FIRMWARE / "src"]
        program = build_program("gcc", sources, includes, tmp_path / driver)
        done = subprocess.run([program], capture_output=True, text=True, timeout=60)
        writes: dict[int, list[int]] = {}
        for word, address, value in (line.split() for line in done.stdout.splitlines()):
            assert word == "write"
            writes.setdefault(int(address, 0), []).append(int(value, 0))
        assert {a: v[-2:] if len(v) > 1 else v for a, v in writes.items()} == registers, driver
