"""The F1's clock and pins on a simulated chip (RM0008 7.3, 3.3.3, 9.2; RM0041 for the F100)."""

from __future__ import annotations

import pytest

from micronas.board import load_board
from tests.support.chips.stm32f1 import (
    FLASH_ACR,
    HEALTHY,
    HSE,
    HSEBYP,
    PLL,
    PLL_FIELDS,
    PLLON,
    PLLRDY,
    RCC_APB2ENR,
    RCC_CFGR,
    RCC_CR,
    RESET,
    SWITCH,
    without,
)
from tests.support.host_c import COMPILERS
from tests.support.host_port import SOURCES, HostPort, Rule, Run


@pytest.fixture(scope="module", params=COMPILERS)
def port(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> HostPort:
    return HostPort(load_board("nucleo_f103rb"), tmp_path_factory.mktemp("f1"), request.param)


def assert_72_mhz_from_the_mco(run: Run) -> None:
    assert (run.hz, run.source, run.fallback) == (72_000_000, SOURCES["hse_bypass"], False)
    # PLLMUL 9, PLLSRC HSE; APB1 / 2 = 36 MHz, the others undivided; SW = PLL
    assert run.last(RCC_CFGR) & ~0xC == 7 << 18 | 1 << 16 | 0b100 << 8 | 2
    assert run.last(FLASH_ACR) & 0x17 == 0x12  # prefetch, two wait states: 48 to 72 MHz


def test_the_profiles_clock_is_set_in_the_manuals_order(port: HostPort) -> None:
    run = port.clock(HEALTHY, RESET)
    assert_72_mhz_from_the_mco(run)
    dividers = run.index(RCC_CFGR, PLL_FIELDS, 7 << 18 | 1 << 16)
    hse = run.index(RCC_CR, HSEBYP | 1 << 16, HSEBYP | 1 << 16)
    pll = run.index(RCC_CR, PLLON, PLLON)
    assert hse < dividers < pll < run.index(FLASH_ACR) < run.index(RCC_CFGR, 3, 2)


def test_without_the_mco_all_buses_run_at_36_mhz_from_hsi(port: HostPort) -> None:
    run = port.clock(without(HSE), RESET)
    assert (run.hz, run.source, run.fallback) == (36_000_000, SOURCES["hsi"], True)
    assert run.last(RCC_CFGR) & ~0xC == 7 << 18 | 2  # 8 MHz / 2 * 9, no prescaler


@pytest.mark.parametrize("broken", [PLL, SWITCH], ids=["pll", "switch"])
def test_what_never_gets_ready_leaves_the_bare_oscillator(port: HostPort, broken: Rule) -> None:
    run = port.clock(without(broken), RESET)
    assert (run.hz, run.source, run.fallback) == (8_000_000, SOURCES["hsi"], True)
    assert run.last(RCC_CFGR) & ~0xC == 0
    assert run.last(RCC_CR) & PLLON == 0


def test_a_pll_that_a_boot_loader_left_running_is_stopped_before_it_is_set(port: HostPort) -> None:
    """RM0008 7.3.2: PLLSRC and PLLMUL can be written only while the PLL is off."""
    running = RESET | {RCC_CR: 0x83 | 3 << 16 | PLLON | PLLRDY, RCC_CFGR: 4 << 18 | 1 << 16 | 2 | 2 << 2}
    run = port.clock(HEALTHY, running)
    assert_72_mhz_from_the_mco(run)
    assert run.index(RCC_CR, PLLON, 0) < run.index(RCC_CFGR, PLL_FIELDS, 7 << 18 | 1 << 16)


def test_an_emulator_without_an_rcc_is_left_alone(port: HostPort) -> None:
    run = port.clock([], {})
    assert (run.hz, run.fallback, run.writes) == (8_000_000, True, ())


def test_tx_is_an_alternate_output_and_rx_a_pulled_up_input(port: HostPort) -> None:
    run = port.run([], {0x40004400: 0xC0, 0x40010800: 0x44444444}, "usart 36000000")
    assert run.last(0x40010800) == 0x44448B44  # CRL: PA2 1011, PA3 1000, all others as out of reset
    assert run.last(0x40010810) == 1 << 3  # BSRR: the pull goes up
    assert run.index(RCC_APB2ENR, 1 << 2, 1 << 2) < run.index(0x40010800)
    assert run.last(0x40004408) == 313  # 36 MHz / 115,200 = 312.5


def test_the_value_line_has_no_flash_latency_to_set(tmp_path_factory: pytest.TempPathFactory) -> None:
    port = HostPort(load_board("stm32vldiscovery"), tmp_path_factory.mktemp("f100"))
    run = port.clock(HEALTHY, {RCC_CR: 0x83})
    assert (run.hz, run.source, run.fallback) == (24_000_000, SOURCES["hse_crystal"], False)
    assert run.last(RCC_CFGR) & ~0xC == 1 << 18 | 1 << 16 | 2  # 8 MHz * 3
    assert not run.wrote(FLASH_ACR)
    fallback = port.clock(without(HSE), {RCC_CR: 0x83})
    assert (fallback.hz, fallback.source, fallback.fallback) == (24_000_000, SOURCES["hsi"], True)
    assert fallback.last(RCC_CFGR) & ~0xC == 4 << 18 | 2  # 8 MHz / 2 * 6
