"""Boards and families against published figures; docs/reference/board_facts.md names the sources in full.

Each table is typed from the source named above it, none from ST's manuals, which the other tests go by.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from micronas.board import Board, load_board
from micronas.errors import BoardError
from micronas.firmware.board_header import board_header
from micronas.firmware.families import (
    clock_f4,
    clock_l4,
    stm32f1,
    stm32f2,
    stm32f4,
    stm32f7,
    stm32g0,
    stm32g4,
    stm32h7,
    stm32l4,
)
from micronas.firmware.families.family import wait_states_for

MHZ = 1_000_000
F4_LINES = {**stm32f2.LINES, **stm32f4.LINES, **stm32f7.LINES}
L4_PLUS = stm32l4.chip_of(load_board("nucleo_l4r5zi"))


def at(board: Board, **clock: object) -> Board:
    return board.model_copy(update={"clock": board.clock.model_copy(update=clock)})


def refusal(board: Board) -> str:
    """Why there is no firmware for ``board``, empty when there is."""
    try:
        board_header(board)
    except BoardError as error:
        return str(error)
    return ""


def defines(board: Board) -> Mapping[str, str]:
    return dict(line.split()[1:3] for line in board_header(board).splitlines() if line.count(" ") == 2)


# ChibiOS, os/hal/ports/STM32: flash limits of STM32G0xx and STM32G4xx (stm32_limits.h) and of STM32L4xx+
# (hal_lld.h); embassy-stm32 rcc/f013.rs for F103.
WAIT_STATES_MHZ = {
    "F103": (stm32f1.LINES["STM32F103"].wait_state_hz, (24, 48, 72)),
    "G0": (stm32g0.CHIP.modes[0].wait_state_hz, (24, 48, 64)),
    "G4 normal": (stm32g4.CHIP.modes[0].wait_state_hz, (30, 60, 90, 120, 150)),
    "G4 boost": (stm32g4.CHIP.modes[1].wait_state_hz, (34, 68, 102, 136, 170)),
    "L4+": (L4_PLUS.modes[0].wait_state_hz, (20, 40, 60, 80)),
    "L4+ boost": (L4_PLUS.modes[1].wait_state_hz, (20, 40, 60, 80, 100, 120)),
}


@pytest.mark.parametrize("name", WAIT_STATES_MHZ)
def test_flash_wait_states_are_those_of_others(name: str) -> None:
    ours, theirs = WAIT_STATES_MHZ[name]
    assert ours == tuple(limit * MHZ for limit in theirs)


# embassy-stm32 rcc/h.rs, H743 in both scales: AXI clock up to which these wait states and WRHIGHFREQ do.
H7_FLASH = ((70, 0, 0), (140, 1, 1), (185, 2, 1), (210, 2, 2), (225, 3, 2), (240, 4, 2))


@pytest.mark.parametrize("scale", [stm32h7.SCALE_0, stm32h7.SCALE_1])
def test_the_h7_flash_is_set_as_embassy_sets_it(scale: stm32h7.Scale) -> None:
    for mhz in range(1, scale.axi_max_hz // MHZ + 1):
        _, wait_states, delay = next(row for row in H7_FLASH if mhz <= row[0])
        assert wait_states_for(scale.wait_state_hz, mhz * MHZ) == wait_states
        assert stm32h7.write_delay(mhz * MHZ) == delay


# ChibiOS, hal_lld_type1.h of STM32F4xx and hal_lld.h of STM32F7xx: PLLOUT_MIN in MHz. STM32G0xx: PLLR_MIN.
PLL_MIN_MHZ = {name: 12.5 if name == "STM32F446" else 24 for name in F4_LINES}


@pytest.mark.parametrize("name", PLL_MIN_MHZ)
def test_the_pll_makes_no_less_than_chibios_lets_it(name: str) -> None:
    line, least = F4_LINES[name], PLL_MIN_MHZ[name]
    made = [hz for hz in range(MHZ, 30 * MHZ, MHZ // 2) if clock_f4.solve_pll(8 * MHZ, hz, line) is not None]
    assert made[0] >= least * MHZ
    assert made[0] == 24 * MHZ if name != "STM32F446" else made[0] < 13 * MHZ


def test_the_g0_and_f1_plls_make_no_less_than_chibios_lets_them() -> None:
    assert clock_l4.solve_pll(16 * MHZ, 8 * MHZ, stm32g0.CHIP) is None
    assert clock_l4.solve_pll(16 * MHZ, 12 * MHZ, stm32g0.CHIP) is not None
    assert stm32f1.PLL_MIN_HZ == 16 * MHZ


# ChibiOS, the same headers and hal_lld_f100.h, hal_lld_f103.h: the clock into OSC_IN, MHz, from a crystal and
# from outside; embassy-stm32 rcc/f013.rs and rcc/f.rs say the same.
SOURCES_MHZ = {
    "nucleo_f103rb": ((4, 16), (1, 25)),
    "stm32vldiscovery": ((4, 24), (1, 24)),
    "netduino2": ((4, 26), (1, 26)),
    "disco_f407vg": ((4, 26), (1, 50)),
    "nucleo_f746zg": ((4, 26), (1, 50)),
}


@pytest.mark.parametrize("source", ["hse_crystal", "hse_bypass"])
@pytest.mark.parametrize("name", SOURCES_MHZ)
def test_clocks_from_outside_have_the_limits_of_others(name: str, source: str) -> None:
    board = load_board(name)
    low, high = SOURCES_MHZ[name][source == "hse_bypass"]
    for hz in (low * MHZ - 1, high * MHZ + 1):
        with pytest.raises(BoardError, match=f"accepts {low * MHZ} to {high * MHZ} Hz"):
            board_header(at(board, source=source, source_hz=hz))
    for hz in (low * MHZ, high * MHZ):
        assert "takes" not in refusal(at(board, source=source, source_hz=hz))  # if not, "no PLL setting"


def test_an_f103_takes_25_mhz_from_outside() -> None:
    board = at(load_board("nucleo_f103rb"), source="hse_bypass", source_hz=25 * MHZ, hz=50 * MHZ)
    assert defines(board)["MN_CLOCK_CFGR"] == "0x10400u"  # x 2, APB1 halved


# ChibiOS, the same headers: the fastest clock without overdrive, MHz.
@pytest.mark.parametrize(("name", "limit_mhz"), [("nucleo_f446re", 168), ("nucleo_f746zg", 180)])
def test_overdrive_begins_where_chibios_has_it_begin(name: str, limit_mhz: int) -> None:
    board = load_board(name)
    assert defines(at(board, hz=limit_mhz * MHZ))["MN_CLOCK_OVERDRIVE"] == "0"
    assert defines(at(board, hz=(limit_mhz + 4) * MHZ))["MN_CLOCK_OVERDRIVE"] == "1"


def test_the_l4_plus_pll_has_chibios_limits() -> None:
    """STM32L4xx+/hal_lld.h: M 1 to 16, N 8 to 127, VCO 64 to 344 MHz, 80 MHz without boost."""
    assert (L4_PLUS.max_m, L4_PLUS.n, L4_PLUS.vco_hz) == (16, range(8, 128), (64 * MHZ, 344 * MHZ))
    assert (L4_PLUS.modes[0].max_hz, clock_l4.HALF_FIRST_ABOVE_HZ) == (80 * MHZ, 80 * MHZ)


# Source of the clock in MHz, UART and its pins. black_f407vg: Zephyr's board black_f407ve; blackpill and
# bluepill: Zephyr's boards/weact; stm32vldiscovery: NuttX, ChibiOS, Zephyr; netduinos: .NET Micro Framework,
# MicroPython; NUCLEO-H743ZI2: mbed-os.
WIRING = {
    "black_f407vg": ("hse_crystal", 8, "usart2", "PA2", "PA3"),
    "blackpill_f411ce": ("hse_crystal", 25, "usart1", "PA9", "PA10"),
    "bluepill_f103c8": ("hse_crystal", 8, "usart1", "PA9", "PA10"),
    "stm32vldiscovery": ("hse_crystal", 8, "usart1", "PA9", "PA10"),
    "netduino2": ("hse_crystal", 25, "usart6", "PC6", "PC7"),
    "netduinoplus2": ("hse_crystal", 25, "usart6", "PC6", "PC7"),
    "nucleo_h743zi2": ("hse_bypass", 8, "usart3", "PD8", "PD9"),
}


@pytest.mark.parametrize("name", WIRING)
def test_a_board_is_wired_as_others_say(name: str) -> None:
    board = load_board(name)
    source = (board.clock.source, board.clock.source_hz // MHZ)
    assert (*source, board.uart.name, board.uart.tx, board.uart.rx) == WIRING[name]


def test_an_emulated_uart_is_the_one_that_the_board_has() -> None:
    """QEMU's STM32F2, F4 and F1 machines number their serial ports in the order of the chip's USARTs."""
    for name in ("netduino2", "netduinoplus2", "stm32vldiscovery", "nucleo_f446re", "blackpill_f411ce"):
        board = load_board(name)
        assert f"usart{board.emulator.uart_index + 1}" == board.uart.name
