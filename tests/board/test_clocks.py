"""Clock solvers of F1, F2, F4, F7 and H7 against brute force over everything the registers can say."""

from __future__ import annotations

import itertools

import pytest

from micronas.board import load_board
from micronas.firmware.board_header import board_header
from micronas.firmware.families import clock_f4, stm32f1, stm32f2, stm32f4, stm32f7, stm32h7
from micronas.firmware.families.family import bus_shift

MHZ = 1_000_000
CRYSTALS_HZ = [4 * MHZ, 8 * MHZ, 12 * MHZ, 16 * MHZ, 25 * MHZ, 26 * MHZ]
F4_LINES = {**stm32f2.LINES, **stm32f4.LINES, **stm32f7.LINES}


# The least PLLN: RM0033 5.3.2, RM0368 6.3.2; 50 for all others (RM0090 7.3.2).
N_MIN = {"STM32F205": 192, "STM32F207": 192, "STM32F401": 192}
# The PLL's slowest output in MHz: 24 in the data sheets, but 12.5 in DS10693.
PLL_MIN_MHZ = {"STM32F446": 12.5}


def f4_reachable(source_hz: int, name: str, n_min: int) -> set[int]:
    """Every whole clock within the limits of RM0090 7.3.2: 1 to 2 MHz into the VCO, N up to 432."""
    found, line, slowest = set(), F4_LINES[name], PLL_MIN_MHZ.get(name, 24) * MHZ
    for m, n, p in itertools.product(range(2, 64), range(n_min, 433), (2, 4, 6, 8)):
        if m * MHZ <= source_hz <= 2 * m * MHZ and source_hz * n % (m * p) == 0:
            vco = source_hz * n / m
            if line.vco_min_hz <= vco <= 432 * MHZ and slowest <= vco / p <= line.max_hz:
                found.add(source_hz * n // (m * p))
    return found


@pytest.mark.parametrize("source_hz", CRYSTALS_HZ)
@pytest.mark.parametrize("name", F4_LINES)
def test_the_f4_pll_makes_every_megahertz_that_can_be_made_and_no_other(name: str, source_hz: int) -> None:
    line = F4_LINES[name]
    n_min = N_MIN.get(name, 50)
    reachable = f4_reachable(source_hz, name, n_min)
    for hz in range(MHZ, line.max_hz + 1, MHZ):
        pll = clock_f4.solve_pll(source_hz, hz, line)
        assert (pll is not None) == (hz in reachable), f"{source_hz} -> {hz}"
        if pll is not None:
            assert pll.p * pll.m * hz == source_hz * pll.n
            assert n_min <= pll.n <= 432
            assert line.vco_min_hz <= hz * pll.p <= 432 * MHZ
            assert 2 <= pll.q <= 15
            assert hz * pll.p / pll.q <= 48 * MHZ


def test_the_f4_pll_register_reads_back_as_its_dividers() -> None:
    for m, n, p, q in itertools.product((2, 63), (50, 432), (2, 4, 6, 8), (2, 15)):
        register = clock_f4.PllF4(m, n, p, q).register(from_hse=True)
        assert (register & 0x3F, register >> 6 & 0x1FF, (register >> 16 & 3) * 2 + 2) == (m, n, p)
        assert (register >> 22 & 1, register >> 24 & 0xF) == (1, q)


# Hand-copied: RM0090 table 10, RM0390 table 5, RM0368 table 6, RM0383 table 5, RM0033 table 3, RM0385 table 5
# (columns for 2.7 to 3.6 V).
WAIT_STATES = [
    ("STM32F405", [30, 60, 90, 120, 150, 168]),
    ("STM32F446", [30, 60, 90, 120, 150, 180]),
    ("STM32F401", [30, 60, 84]),
    ("STM32F411", [30, 64, 90, 100]),
    ("STM32F205", [30, 60, 90, 120]),
    ("STM32F746", [30, 60, 90, 120, 150, 180, 210, 216]),
]


@pytest.mark.parametrize(("name", "limits_mhz"), WAIT_STATES)
def test_wait_states_are_the_manuals(name: str, limits_mhz: list[int]) -> None:
    line = F4_LINES[name]
    assert [hz / MHZ for hz in line.wait_state_hz] == limits_mhz
    assert line.wait_state_hz[-1] == line.max_hz


@pytest.mark.parametrize("from_hse", [True, False])
@pytest.mark.parametrize("source_hz", [4 * MHZ, 8 * MHZ, 12 * MHZ, 16 * MHZ])
def test_the_f1_pll_makes_every_clock_that_can_be_made_and_no_other(source_hz: int, from_hse: bool) -> None:
    halves = (1, 2) if from_hse else (2,)
    whole = {source_hz * n // half for half in halves for n in range(2, 17) if source_hz * n % half == 0}
    reachable = {hz for hz in whole if hz >= 16 * MHZ}  # DS5319, PLL characteristics
    for hz in range(MHZ, 72 * MHZ + 1, MHZ):
        field = stm32f1.pll_field(source_hz, hz, from_hse=from_hse)
        assert (field is not None) == (hz in reachable)
        if field is not None:
            halved = not from_hse or field >> 17 & 1
            assert source_hz * ((field >> 18 & 0xF) + 2) // (2 if halved else 1) == hz
            assert field >> 16 & 1 == from_hse


def h7_reachable(source_hz: int) -> set[int]:
    """Every whole clock within RM0433 8.5.5: 2 to 16 MHz into the wide VCO, 192 to 960 MHz out, P even."""
    found = set()
    for m, n in itertools.product(range(1, 64), range(4, 513)):
        if 2 * m * MHZ <= source_hz <= 16 * m * MHZ and 192 * MHZ * m <= source_hz * n <= 960 * MHZ * m:
            found |= {source_hz * n // (m * p) for p in range(2, 129, 2) if source_hz * n % (m * p) == 0}
    return found


@pytest.mark.parametrize("source_hz", [8 * MHZ, 25 * MHZ, 64 * MHZ])
def test_the_h7_pll_makes_every_megahertz_that_can_be_made_and_no_other(source_hz: int) -> None:
    reachable = h7_reachable(source_hz)
    for hz in range(2 * MHZ, 480 * MHZ + 1, MHZ):
        pll = stm32h7.solve_pll(source_hz, hz)
        assert (pll is not None) == (hz in reachable), f"{source_hz} -> {hz}"
        if pll is not None:
            assert pll.p * pll.m * hz == source_hz * pll.n


@pytest.mark.parametrize(("in_hz", "code"), [(2 * MHZ, 0), (3 * MHZ, 1), (6 * MHZ, 2), (12 * MHZ, 3)])
def test_the_h7_pll_names_its_input_range(in_hz: int, code: int) -> None:
    assert stm32h7.PllH7(4, 100, 2).cfgr(4 * in_hz) >> 2 & 3 == code


# RM0433 table 17: AXI MHz, wait states, WRHIGHFREQ; scale 1, then scale 0.
H7_FLASH = [(1, 70, 0, 0), (1, 140, 1, 1), (1, 185, 2, 1), (1, 200, 2, 2), (0, 225, 3, 2), (0, 240, 4, 2)]


@pytest.mark.parametrize(("scale", "axi_mhz", "wait_states", "delay"), H7_FLASH)
def test_the_h7_flash_is_as_slow_as_the_manual_wants(
    scale: int, axi_mhz: int, wait_states: int, delay: int
) -> None:
    limits = (stm32h7.SCALE_0, stm32h7.SCALE_1)[scale].wait_state_hz
    assert next(n for n, hz in enumerate(limits) if axi_mhz * MHZ <= hz) == wait_states
    assert stm32h7.write_delay(axi_mhz * MHZ) == delay


@pytest.mark.parametrize("limit_mhz", [30, 42, 45, 54, 100, 120])
def test_a_bus_is_divided_by_the_least_power_of_two(limit_mhz: int) -> None:
    for mhz in range(1, 481):
        shift = bus_shift(mhz * MHZ, limit_mhz * MHZ)
        assert mhz / 2**shift <= limit_mhz
        assert shift == 0 or mhz / 2 ** (shift - 1) > limit_mhz


# The UART's clock at the profile's clock. The firmware accepts rates within 1.6 % (firmware/src/mn_baud.c).
UART_MHZ = {
    "nucleo_f446re": 45,
    "nucleo_f401re": 42,
    "nucleo_f411re": 50,
    "blackpill_f411ce": 100,
    "disco_f407vg": 42,
    "nucleo_f103rb": 36,
    "bluepill_f103c8": 72,
    "stm32vldiscovery": 24,
    "netduino2": 60,
    "nucleo_f746zg": 54,
    "disco_f746ng": 108,
    "nucleo_f767zi": 54,
    "nucleo_h743zi2": 120,
}


@pytest.mark.parametrize("name", UART_MHZ)
def test_the_uart_is_fast_enough_for_the_hosts_rates(name: str) -> None:
    board = load_board(name)
    defines = dict(line.split()[1:3] for line in board_header(board).splitlines() if line.count(" ") == 2)
    uart_hz = board.clock.hz >> int(defines["MN_UART_APB_SHIFT"])
    assert uart_hz == UART_MHZ[name] * MHZ
    for baud in (9_600, 115_200, 230_400, 460_800, 921_600):
        divider = round(uart_hz / baud)
        assert 16 <= divider <= 0xFFFF
        assert abs(uart_hz / divider - baud) <= baud / 64
