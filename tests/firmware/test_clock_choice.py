"""A board at another clock than its profile's: what is set, what is refused, and what figures say of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from micronas.board import board_names, load_board
from micronas.cli.app import app
from micronas.cli.boards import published
from micronas.cli.clock import clock_remarks
from micronas.config import parse_config
from micronas.deploy.deployment import build
from micronas.errors import BoardError, ConfigError
from micronas.firmware.clock_choice import at_clock
from micronas.search import prepare
from tests.support.chips import clock_l4 as l4
from tests.support.chips import stm32f1 as f1
from tests.support.chips import stm32f4 as f4
from tests.support.chips import stm32h7 as h7
from tests.support.chips import stm32u5 as u5
from tests.support.host_port import HostPort, Rule
from tests.support.tiny_network import tiny_net
from tests.support.weights import zero_weights

MHZ = 1_000_000
Reset = Mapping[int, int]


@dataclass(frozen=True)
class Second:
    """A second clock of a board, and its wait states as the manual's table has them."""

    board: str
    mhz: int
    wait_states: int
    rules: Iterable[Rule]
    reset: Reset
    acr: int = 0x40022000


# RM0008 3.3.3, RM0041 (none), RM0033 table 3, RM0390 table 5, RM0410 table 7, RM0433 table 17
# (AXI at 108 MHz), RM0351, RM0432, RM0438, RM0444, RM0440 (range 1 without boost) and RM0456: flash chapters.
SECONDS = (
    Second("nucleo_f103rb", 48, 1, f1.HEALTHY, f1.RESET),
    Second("stm32vldiscovery", 16, 0, f1.HEALTHY, f1.RESET),
    Second("netduino2", 60, 1, f4.HEALTHY, f4.RESET, 0x40023C00),
    Second("nucleo_f446re", 84, 2, f4.HEALTHY, f4.RESET, 0x40023C00),
    Second("nucleo_f767zi", 144, 4, f4.HEALTHY, f4.RESET, 0x40023C00),
    Second("nucleo_h743zi2", 216, 1, h7.HEALTHY, h7.RESET, 0x52002000),
    Second("nucleo_l476rg", 48, 2, l4.L476.rules, l4.L476.reset),
    Second("nucleo_l4r5zi", 80, 3, l4.L4R5.rules, l4.L4R5.reset),
    Second("nucleo_l552ze_q", 80, 3, l4.L552.rules, l4.L552.reset),
    Second("nucleo_g071rb", 32, 1, l4.G071.rules, l4.G071.reset),
    Second("nucleo_g474re", 120, 3, l4.G474.rules, l4.G474.reset),
    Second("nucleo_u575zi_q", 80, 2, u5.HEALTHY, u5.RESET),
)


@pytest.mark.parametrize("second", SECONDS, ids=lambda s: s.board)
def test_the_firmware_sets_the_second_clock_with_the_manuals_wait_states(
    second: Second, tmp_path: Path
) -> None:
    board = at_clock(load_board(second.board), second.mhz * MHZ)
    assert board.region("flash").wait_states == second.wait_states
    run = HostPort(board, tmp_path).clock(second.rules, second.reset)
    assert (run.hz, run.fallback) == (second.mhz * MHZ, False)
    if run.wrote(second.acr):
        assert run.last(second.acr) & 0xF == second.wait_states


@pytest.mark.parametrize("name", board_names())
def test_the_profiles_own_clock_changes_nothing(name: str) -> None:
    board = load_board(name)
    assert at_clock(board, board.clock.hz) is board


def test_overdrive_and_boosts_are_left_out_where_the_clock_needs_none(tmp_path: Path) -> None:
    f446 = at_clock(load_board("nucleo_f446re"), 168 * MHZ)
    run = HostPort(f446, tmp_path / "f446").clock(f4.HEALTHY, f4.RESET)
    assert run.hz == 168 * MHZ
    assert not any(w.address == f4.PWR_CR and w.value >> 16 & 3 for w in run.writes)
    l4r5 = at_clock(load_board("nucleo_l4r5zi"), 80 * MHZ)
    assert not HostPort(l4r5, tmp_path / "l4r5").clock(l4.L4R5.rules, l4.L4R5.reset).wrote(l4.PWR_CR5)


def test_an_f1_falls_back_to_no_more_than_its_wait_states_take(tmp_path: Path) -> None:
    """24 MHz without wait states: 36 MHz from HSI, the usual fallback, would need one (RM0008 3.3.3)."""
    board = at_clock(load_board("nucleo_f103rb"), 24 * MHZ)
    assert board.region("flash").wait_states == 0
    run = HostPort(board, tmp_path).clock(f1.without(f1.HSE), f1.RESET)
    assert (run.hz, run.fallback) == (24 * MHZ, True)


def test_an_l5_keeps_the_wait_state_that_its_start_from_hsi16_needs() -> None:
    """In range 0 none would do at 16 MHz, but the port starts at 16 MHz in range 2."""
    assert at_clock(load_board("nucleo_l552ze_q"), 16 * MHZ).region("flash").wait_states == 1
    assert at_clock(load_board("nucleo_u575zi_q"), 16 * MHZ).region("flash").wait_states == 0


@pytest.mark.parametrize(
    ("name", "mhz", "message"),
    [
        ("nucleo_f446re", 181, r"runs at up to 180000000 Hz\n  nearest available: 180 MHz"),
        ("nucleo_f103rb", 70, r"no PLL setting makes 70000000 Hz .*\n  .*: 64 MHz and 72 MHz"),
        (
            "nucleo_f103rb",
            8,
            r"no PLL setting makes 8000000 Hz .*\n  .*: 16 MHz",
        ),  # the PLL makes 16 at least
        ("nucleo_h743zi2", 1.5, r"usart3 makes 93750 baud from 1500000 Hz, not 115200"),
        ("nucleo_g071rb", 33.3, r"no PLL setting makes 33300000 Hz .*\n  .*: 33 MHz and 34 MHz"),
    ],
)
def test_a_clock_that_cannot_be_had_is_refused_with_the_nearest(name: str, mhz: float, message: str) -> None:
    with pytest.raises(BoardError, match=message):
        at_clock(load_board(name), round(mhz * MHZ))


def test_the_timing_says_that_it_is_for_another_clock() -> None:
    board = at_clock(load_board("nucleo_f446re"), 84 * MHZ)
    assert board.timing.cycles_per_instruction == load_board("nucleo_f446re").timing.cycles_per_instruction
    assert "that is for 180 MHz with 5 wait states, here the clock is 84 MHz with 2" in board.timing.source


def test_remarks_name_the_published_clock_and_the_profiles() -> None:
    h743 = load_board("nucleo_h743zi2")
    (published_here,) = clock_remarks(h743, h743)
    assert published_here == "published results are at this clock; their sources: boards show nucleo_h743zi2"
    asked, elsewhere = clock_remarks(at_clock(h743, 216 * MHZ), h743)
    assert asked == "as requested; the profile's clock is 480 MHz. 1 flash wait states instead of 4"
    assert elsewhere == "published results are at 480 MHz: --clock-mhz 480, or compare cycles"
    bluepill = load_board("bluepill_f103c8")
    assert clock_remarks(bluepill, bluepill) == ["published results of this board: none known"]


@pytest.mark.parametrize("name", board_names())
def test_a_published_clock_is_one_that_the_board_can_be_set_to(name: str) -> None:
    board = load_board(name)
    if board.published is None:
        assert published(board) == "none known"
        return
    assert at_clock(board, board.published.clock_hz).clock.hz == board.published.clock_hz
    assert board.published.source.strip()
    assert f"{board.published.clock_hz // MHZ} MHz: {board.published.engine}" in published(board)


ONE_OF_EACH_FAMILY = {load_board(second.board).family: second for second in SECONDS}
BUILT_IN_CI = {"stm32f1", "stm32f4", "stm32l4"}
"""``make test-all`` builds for the other families, a few seconds each."""


@pytest.mark.emulator
@pytest.mark.parametrize(
    "second",
    [
        pytest.param(second, id=family, marks=[] if family in BUILT_IN_CI else [pytest.mark.exhaustive])
        for family, second in ONE_OF_EACH_FAMILY.items()
    ],
)
def test_a_firmware_is_built_for_the_second_clock(
    second: Second, tmp_path: Path, firmware_cache: Path
) -> None:
    board = at_clock(load_board(second.board), second.mhz * MHZ)
    built = build(zero_weights(tiny_net()), board, workdir=tmp_path, cache_dir=firmware_cache)
    header = next(tmp_path.rglob("mn_board.h")).read_text(encoding="utf-8")
    assert f"#define MN_CLOCK_HZ {second.mhz * MHZ}u\n" in header
    assert built.firmware.board.clock.hz == second.mhz * MHZ


@pytest.mark.emulator
@pytest.mark.parametrize(
    ("name", "mhz"), [("nucleo_f446re", 84), pytest.param("nucleo_l4r5zi", 80, marks=pytest.mark.exhaustive)]
)
def test_bench_runs_in_qemu_at_the_clock_asked_for(name: str, mhz: int, networks: Path) -> None:
    """Own image and twin. The firmware reports HSI: QEMU has no RCC (docs/reference/boards.md)."""
    model = str(networks / "tiny.tflite")
    at_full, at_second = (
        json.loads(CliRunner().invoke(app, ["bench", model, "--board", name, "--json", *more]).stdout)
        for more in ([], ["--clock-mhz", str(mhz)])
    )
    full_mhz = load_board(name).clock.hz // MHZ
    assert at_second["firmware"]["clock_hz"] == mhz * MHZ
    assert at_full["firmware"]["clock_hz"] == full_mhz * MHZ
    assert at_second["firmware"]["wait_states"] < at_full["firmware"]["wait_states"]
    assert at_second["firmware"]["build_id"] != at_full["firmware"]["build_id"]
    assert at_second["instructions"] == at_full["instructions"]
    slow, fast = at_second["latency"], at_full["latency"]
    assert slow["source"] == fast["source"] == "modelled"
    assert fast["ms"] < slow["ms"]
    assert slow["ms"] * mhz < fast["ms"] * full_mhz  # fewer cycles: flash keeps it waiting for less


@pytest.mark.emulator
def test_mlperf_tinys_firmware_takes_the_clock_asked_for(networks: Path) -> None:
    """At half the clock it waits for flash less often, so it takes less than twice the modelled time.

    In its smallest arena: the fastest plan depends on the wait states, and its choice is exact to 0.5 %.
    """
    model = str(networks / "tiny.tflite")
    refused = CliRunner().invoke(app, ["mlperf", model, "--board", "nucleo_f446re", "--clock-mhz", "101.3"])
    assert "nearest available: 101 MHz and 102 MHz" in str(refused.exception)
    options = ["--board", "nucleo_f446re", "--task", "kws01", "--window-s", "0.01", "--json"]
    options += ["--prefer", "sram"]
    model = str(networks / "mlperf_tiny_kws.tflite")
    at_full, at_half = (
        json.loads(CliRunner().invoke(app, ["mlperf", model, *options, *more]).stdout)
        for more in ([], ["--clock-mhz", "90"])
    )
    assert (at_full["clock_hz"], at_half["clock_hz"]) == (180 * MHZ, 90 * MHZ)
    full, half = (result["performance"]["latency_ms"] for result in (at_full, at_half))
    assert at_full["performance"]["source"] == at_half["performance"]["source"] == "modelled"
    assert full < half < 2 * full


@pytest.mark.parametrize("verb", ["bench", "flash"])
def test_the_public_runners_device_is_asked_for_a_clock_that_it_can_have(verb: str) -> None:
    options = ["--board", "nucleo_l4r5zi", "--protocol", "mlperf-tiny", "--clock-mhz", "121"]
    done = CliRunner().invoke(app, [verb, "m.tflite", *options])
    assert isinstance(done.exception, BoardError)
    assert "nearest available: 120 MHz" in str(done.exception)


def test_a_search_builds_for_the_clock_of_its_configuration() -> None:
    raw = {"board": "nucleo_f446re", "clock_mhz": 84, "data": {"name": "digits"}, "device": "none"}
    setup = prepare(parse_config(raw))
    assert setup.board == at_clock(load_board("nucleo_f446re"), 84 * MHZ)
    with pytest.raises(BoardError) as refusal:
        prepare(parse_config({**raw, "clock_mhz": 181}))
    assert refusal.value.remedy == "nearest available: 180 MHz"


@pytest.mark.parametrize("value", [0, -84, 1e9, "fast"])
def test_a_clock_that_is_none_is_refused_by_its_key(value: object) -> None:
    with pytest.raises(ConfigError, match="clock_mhz"):
        parse_config({"clock_mhz": value})


@pytest.mark.parametrize("option", ["--remove-constant-channels", "--count=3"])
def test_what_the_public_runners_device_cannot_use_is_refused(option: str) -> None:
    done = CliRunner().invoke(
        app, ["bench", "m.tflite", "--board", "nucleo_l4r5zi", "--protocol", "mlperf-tiny", option]
    )
    assert f"{option.partition('=')[0]} has no effect" in str(done.exception)
