"""The H7's power and clock code on a simulated chip (RM0433 6.6, 6.8, 8.7, 4.9.1)."""

from __future__ import annotations

import pytest

from micronas.board import load_board
from tests.support.chips.stm32h7 import (
    DBGMCU_IDCODE,
    FLASH_ACR,
    HEALTHY,
    HSE,
    PLL,
    PLL1ON,
    PLL1RDY,
    PWR_CR3,
    PWR_D3CR,
    RCC_AHB2ENR,
    RCC_APB4ENR,
    RCC_CFGR,
    RCC_CR,
    RCC_D1CFGR,
    RCC_D2CFGR,
    RCC_D3CFGR,
    RCC_PLL1DIVR,
    RCC_PLLCFGR,
    RCC_PLLCKSELR,
    RESET,
    REVISION_Y,
    SUPPLY,
    SWITCH,
    SYSCFG_PWRCR,
    VOLTAGE,
    without,
)
from tests.support.host_c import COMPILERS
from tests.support.host_port import SOURCES, HostPort, Rule, Run


@pytest.fixture(scope="module", params=COMPILERS)
def port(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> HostPort:
    return HostPort(load_board("nucleo_h743zi2"), tmp_path_factory.mktemp("h7"), request.param)


def assert_480_mhz(run: Run, source: str, *, fallback: bool) -> None:
    assert (run.hz, run.source, run.fallback) == (480_000_000, SOURCES[source], fallback)
    assert run.last(RCC_CFGR) & 7 == 3
    # CPU undivided; AXI and AHB / 2 = 240 MHz; all APBs / 4 of the CPU clock = 120 MHz
    assert run.last(RCC_D1CFGR) == 0b100 << 4 | 0b1000
    assert run.last(RCC_D2CFGR) == 0b100 << 8 | 0b100 << 4
    assert run.last(RCC_D3CFGR) == 0b100 << 4
    assert run.last(FLASH_ACR) == 2 << 4 | 4  # 240 MHz in scale 0: four wait states, WRHIGHFREQ 2


def test_the_profiles_clock_is_set_in_the_manuals_order(port: HostPort) -> None:
    run = port.clock(HEALTHY, RESET)
    assert_480_mhz(run, "hse_bypass", fallback=False)
    # 8 MHz / 1 * 120 / 2; input range 4 to 8 MHz, wide VCO, output P only
    assert run.last(RCC_PLLCKSELR) & 0x3F3 == 1 << 4 | 2
    assert run.last(RCC_PLLCFGR) & 0x7000F == 1 << 16 | 2 << 2
    assert run.last(RCC_PLL1DIVR) & 0xFFFF == 1 << 9 | 119
    order = [
        run.index(PWR_CR3, 7, 2),
        run.index(PWR_D3CR, 3 << 14, 3 << 14),
        run.index(RCC_APB4ENR, 2, 2),
        run.index(SYSCFG_PWRCR, 1, 1),
        run.index(RCC_CR, 1 << 16, 1 << 16),
        run.index(RCC_PLL1DIVR),
        run.index(RCC_CR, PLL1ON, PLL1ON),
        run.index(FLASH_ACR),
        run.index(RCC_D1CFGR),
        run.index(RCC_CFGR, 7, 3),
    ]
    assert order == sorted(order)


def test_without_the_mco_the_same_clock_comes_from_hsi(port: HostPort) -> None:
    run = port.clock(without(HSE), RESET)
    assert_480_mhz(run, "hsi", fallback=True)
    assert run.last(RCC_PLLCKSELR) & 0x3F3 == 4 << 4 | 0  # 64 MHz / 4 * 60 / 2
    assert run.last(RCC_PLL1DIVR) & 0xFFFF == 1 << 9 | 59


def test_silicon_without_voltage_scale_0_stays_on_the_bare_oscillator(port: HostPort) -> None:
    run = port.clock(HEALTHY, RESET | {DBGMCU_IDCODE: REVISION_Y})
    assert (run.hz, run.source, run.fallback) == (64_000_000, SOURCES["hsi"], True)
    assert not run.wrote(SYSCFG_PWRCR)
    assert not run.wrote(RCC_CFGR)


@pytest.mark.parametrize("broken", [SUPPLY, VOLTAGE], ids=["supply", "voltage"])
def test_without_the_voltage_the_clock_does_not_go_up(port: HostPort, broken: Rule) -> None:
    run = port.clock(without(broken), RESET)
    assert (run.hz, run.source, run.fallback) == (64_000_000, SOURCES["hsi"], True)
    assert not run.wrote(RCC_PLL1DIVR)


@pytest.mark.parametrize("broken", [PLL, SWITCH], ids=["pll", "switch"])
def test_what_never_gets_ready_leaves_the_bare_oscillator(port: HostPort, broken: Rule) -> None:
    run = port.clock(without(broken), RESET)
    assert (run.hz, run.source, run.fallback) == (64_000_000, SOURCES["hsi"], True)
    assert run.last(RCC_CR) & PLL1ON == 0
    assert not run.wrote(RCC_D1CFGR) or run.last(RCC_D1CFGR) == 0


def test_a_pll_that_a_boot_loader_left_running_is_stopped_before_it_is_set(port: HostPort) -> None:
    running = RESET | {RCC_CR: 0x25 | 3 << 16 | PLL1ON | PLL1RDY, RCC_CFGR: 3 | 3 << 3, RCC_D1CFGR: 0x8}
    run = port.clock(HEALTHY, running)
    assert_480_mhz(run, "hse_bypass", fallback=False)
    assert not any(write.ignored for write in run.writes)


def test_the_srams_of_domain_2_are_clocked_even_without_an_rcc(port: HostPort) -> None:
    run = port.clock([], {})
    assert (run.hz, run.fallback) == (64_000_000, True)
    assert run.last(RCC_AHB2ENR) == 7 << 29
    assert len(run.writes) == 1


def test_400_mhz_needs_no_boost_and_runs_on_any_revision(tmp_path_factory: pytest.TempPathFactory) -> None:
    board = load_board("nucleo_h743zi2")
    clock = board.clock.model_copy(update={"hz": 400_000_000})
    slower = HostPort(board.model_copy(update={"clock": clock}), tmp_path_factory.mktemp("h7-400"))
    run = slower.clock(HEALTHY, RESET | {DBGMCU_IDCODE: REVISION_Y})
    assert (run.hz, run.fallback) == (400_000_000, False)
    assert not run.wrote(SYSCFG_PWRCR)
    assert run.last(RCC_D1CFGR) == 0b100 << 4 | 0b1000  # AXI 200 MHz, APBs 100 MHz
