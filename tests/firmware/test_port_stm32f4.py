"""The F4's clock and UART code on a simulated chip (RM0390 6.3, 5.4, 3.8 for addresses and bits)."""

from __future__ import annotations

import pytest

from micronas.board import load_board
from tests.support.chips.stm32f4 import (
    FLASH_ACR,
    HEALTHY,
    HSE,
    HSEBYP,
    HSERDY,
    OVERDRIVE,
    OVERDRIVE_SWITCH,
    PLL,
    PLLON,
    PLLRDY,
    PWR_CR,
    RCC_CFGR,
    RCC_CR,
    RCC_PLLCFGR,
    RESET,
    SWITCH,
    without,
)
from tests.support.host_c import COMPILERS
from tests.support.host_port import SOURCES, HostPort, Rule, Run


@pytest.fixture(scope="module", params=COMPILERS)
def port(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> HostPort:
    return HostPort(load_board("nucleo_f446re"), tmp_path_factory.mktemp("f4"), request.param)


def assert_runs_at_full_clock(run: Run, source: str, *, fallback: bool) -> None:
    assert (run.hz, run.source, run.fallback) == (180_000_000, SOURCES[source], fallback)
    assert run.last(RCC_CFGR) & 3 == 2
    assert run.last(FLASH_ACR) == 0x705  # caches and prefetch on, 5 wait states (RM0390 table 5)


def test_the_profiles_clock_is_set_in_the_manuals_order(port: HostPort) -> None:
    run = port.clock(HEALTHY, RESET)
    assert_runs_at_full_clock(run, "hse_bypass", fallback=False)
    assert run.last(RCC_CR) & (HSEBYP | HSERDY | PLLON) == HSEBYP | HSERDY | PLLON
    # 8 MHz / 4 * 180 / 2 = 180 MHz, and Q = 8 keeps the USB clock at or below 48 MHz
    assert run.last(RCC_PLLCFGR) == 2 << 28 | 8 << 24 | 1 << 22 | 0 << 16 | 180 << 6 | 4
    # HPRE 1, APB1 / 4 = 45 MHz, APB2 / 2 = 90 MHz
    assert run.last(RCC_CFGR) & 0xFCF0 == 0b101 << 10 | 0b100 << 13
    pll = run.index(RCC_CR, PLLON, PLLON)
    overdrive = run.index(PWR_CR, 1 << 16, 1 << 16)
    overdrive_switch = run.index(PWR_CR, 1 << 17, 1 << 17)
    latency = run.index(FLASH_ACR)
    switch = run.index(RCC_CFGR, 3, 2)
    assert run.index(RCC_PLLCFGR) < pll < overdrive < overdrive_switch < latency < switch


def test_without_its_crystal_the_board_runs_at_the_same_rate_from_hsi_and_says_so(port: HostPort) -> None:
    run = port.clock(without(HSE), RESET)
    assert_runs_at_full_clock(run, "hsi", fallback=True)
    # 16 MHz / 8 * 180 / 2
    assert run.last(RCC_PLLCFGR) & 0x00437FFF == 0 << 22 | 0 << 16 | 180 << 6 | 8


@pytest.mark.parametrize("broken", [PLL, OVERDRIVE, OVERDRIVE_SWITCH, SWITCH], ids=lambda r: f"{r.target:#x}")
def test_what_never_gets_ready_leaves_the_bare_oscillator(port: HostPort, broken: Rule) -> None:
    run = port.clock(without(broken), RESET)
    assert (run.hz, run.source, run.fallback) == (16_000_000, SOURCES["hsi"], True)
    assert not run.wrote(RCC_CFGR) or run.last(RCC_CFGR) & 0xFCF3 == 0
    assert run.last(RCC_CR) & PLLON == 0


def test_a_pll_that_a_boot_loader_left_running_is_stopped_before_it_is_set(port: HostPort) -> None:
    running = RESET | {RCC_CR: 0x83 | 1 << 16 | HSERDY | PLLON | PLLRDY, RCC_CFGR: 2 | 2 << 2 | 0b101 << 10}
    run = port.clock(HEALTHY, running)
    assert_runs_at_full_clock(run, "hse_bypass", fallback=False)
    assert not any(write.ignored for write in run.writes)


def test_an_emulator_without_an_rcc_is_left_alone(port: HostPort) -> None:
    run = port.clock([], {})
    assert (run.hz, run.source, run.fallback) == (16_000_000, SOURCES["hsi"], True)
    assert run.writes == ()


USART2_BRR, USART2_CR1 = 0x40004408, 0x4000440C
USART_ALWAYS_READY = {0x40004400: 0xC0}


@pytest.mark.parametrize("hz", [16_000_000, 42_000_000, 45_000_000])
def test_the_uart_makes_the_usual_rates_within_two_percent(port: HostPort, hz: int) -> None:
    bauds = [9600, 115200, 230400, 460800, 921600]
    run = port.run([], USART_ALWAYS_READY, f"usart {hz}", *(f"nearest {baud}" for baud in bauds))
    assert run.last(USART2_BRR) == round(hz / 115200)
    for baud, nearest in zip(bauds, run.bauds, strict=True):
        assert nearest == hz // round(hz / baud)
        assert abs(nearest - baud) <= 0.025 * baud


def test_pins_are_pulled_up_and_routed_to_the_uart(port: HostPort) -> None:
    run = port.run([], USART_ALWAYS_READY, "usart 45000000")
    moder, pupdr, afrl = 0x40020000, 0x4002000C, 0x40020020
    assert run.last(moder) == 0b1010 << 4  # PA2 and PA3: alternate function
    assert run.last(pupdr) == 0b0101 << 4
    assert run.last(afrl) == 0x7700
    assert run.index(0x40023830, 1, 1) < run.index(moder)  # the port's clock first
    assert run.last(USART2_CR1) == 1 << 13 | 1 << 5 | 1 << 3 | 1 << 2


def test_a_transmitter_that_never_gets_ready_does_not_hang(port: HostPort) -> None:
    run = port.run([], {}, "usart 16000000", "send 65", "baud 9600")
    assert run.last(0x40004404) == 65
    assert run.last(USART2_BRR) == round(16_000_000 / 9600)
