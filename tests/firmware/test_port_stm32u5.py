"""The U5's clock code on a simulated chip (RM0456, the chapters PWR, RCC, FLASH and ICACHE)."""

from __future__ import annotations

import pytest

from micronas.board import Board, load_board
from tests.support.chips.stm32u5 import (
    BOOSTEN,
    BOOSTER,
    FLASH_ACR,
    HEALTHY,
    HSE,
    HSI,
    ICACHE_CR,
    ICACHE_SR,
    PLL,
    PLLON,
    PLLRDY,
    PWR_SVMCR,
    PWR_VOSR,
    RANGE_1,
    RCC_AHB3ENR,
    RCC_CFGR1,
    RCC_CR,
    RCC_PLL1CFGR,
    RCC_PLL1DIVR,
    RESET,
    SWITCH,
    VOSRDY,
    without,
)
from tests.support.host_c import COMPILERS
from tests.support.host_port import SOURCES, HostPort, Lock, Rule, Run

# 16 MHz / 3 * 60 / 2 = 160 MHz; booster at 16 / 2 = 8 MHz; input range 4 to 8 MHz; output R on
HSI_PLL = (1 << 18 | 1 << 12 | 2 << 8 | 2, 1 << 24 | 1 << 16 | 1 << 9 | 59)


@pytest.fixture(scope="module", params=COMPILERS)
def port(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> HostPort:
    return HostPort(load_board("nucleo_u575zi_q"), tmp_path_factory.mktemp("u5"), request.param)


def with_crystal(board: Board) -> Board:
    clock = board.clock.model_copy(update={"source": "hse_crystal"})
    return board.model_copy(update={"clock": clock})


def assert_runs_at_full_clock(run: Run, source: str, *, fallback: bool) -> None:
    assert (run.hz, run.source, run.fallback) == (160_000_000, SOURCES[source], fallback)
    assert run.last(RCC_CFGR1) & 3 == 3
    assert run.last(FLASH_ACR) == 0x104  # prefetch, 4 wait states: range 1, 128 to 160 MHz
    assert run.last(PWR_VOSR) & (RANGE_1 | BOOSTEN) == RANGE_1 | BOOSTEN


def test_the_profiles_clock_is_set_in_the_manuals_order(port: HostPort) -> None:
    run = port.clock(HEALTHY, RESET)
    assert_runs_at_full_clock(run, "hsi", fallback=False)
    assert (run.last(RCC_PLL1CFGR), run.last(RCC_PLL1DIVR)) == HSI_PLL
    power = run.index(RCC_AHB3ENR, 4, 4)
    latency = run.index(FLASH_ACR, 0xF, 4)
    hsi = run.index(RCC_CFGR1, 3, 1)
    source = run.index(RCC_PLL1CFGR)
    volts = run.index(PWR_VOSR, RANGE_1, RANGE_1)
    booster = run.index(PWR_VOSR, BOOSTEN, BOOSTEN)
    pll = run.index(RCC_CR, PLLON, PLLON)
    switch = run.index(RCC_CFGR1, 3, 3)
    assert power < volts < latency < hsi < source < booster < pll < switch
    assert run.last(ICACHE_CR) == 5
    assert not run.wrote(PWR_SVMCR)  # PA9 and PA10 need no VDDIO2


@pytest.mark.parametrize("broken", [PLL, BOOSTER], ids=["pll", "booster"])
def test_what_never_gets_ready_leaves_the_bare_oscillator(port: HostPort, broken: Rule) -> None:
    run = port.clock(without(broken), RESET)
    assert (run.hz, run.source, run.fallback) == (16_000_000, SOURCES["hsi"], True)
    assert run.last(RCC_CFGR1) & 3 == 1
    assert run.last(PWR_VOSR) & BOOSTEN == 0
    assert run.last(RCC_CR) & PLLON == 0


def test_a_voltage_that_never_settles_leaves_the_clock_of_reset(port: HostPort) -> None:
    """In range 4, SRAM takes 12 MHz without wait states (RM0456, RAMCFG): HSI16 would be too fast."""
    run = port.clock(HEALTHY, RESET | {PWR_VOSR: 0})
    assert (run.hz, run.fallback) == (4_000_000, True)
    assert not run.wrote(RCC_CFGR1)


@pytest.mark.parametrize(
    ("rules", "reset"),
    [
        (without(HSI), RESET),
        (without(SWITCH), RESET),
        ((*HEALTHY, Lock(FLASH_ACR, RCC_CR, 0xFFFFFFFF)), RESET),
    ],
    ids=["oscillator", "switch", "latency"],
)
def test_without_the_first_step_the_clock_of_reset_stays(
    port: HostPort, rules: tuple[Rule, ...], reset: dict[int, int]
) -> None:
    run = port.clock(rules, reset)
    assert (run.hz, run.fallback) == (4_000_000, True)


def test_a_pll_that_a_boot_loader_left_running_is_stopped_before_it_is_set(port: HostPort) -> None:
    running = RESET | {
        RCC_CR: 0x35 | 0x500 | PLLON | PLLRDY,
        RCC_CFGR1: 0xF,
        RCC_PLL1CFGR: HSI_PLL[0],
        PWR_VOSR: VOSRDY | RANGE_1 | BOOSTEN | 1 << 14,
    }
    run = port.clock(HEALTHY, running)
    assert_runs_at_full_clock(run, "hsi", fallback=False)
    assert run.last(RCC_PLL1DIVR) == HSI_PLL[1]
    assert not any(write.ignored for write in run.writes)


def test_without_its_crystal_it_runs_at_the_same_rate_from_hsi_and_says_so(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    port = HostPort(with_crystal(load_board("nucleo_u575zi_q")), tmp_path_factory.mktemp("u5x"))
    assert_runs_at_full_clock(port.clock(HEALTHY, RESET), "hse_crystal", fallback=False)
    run = port.clock(without(HSE), RESET)
    assert_runs_at_full_clock(run, "hsi", fallback=True)
    assert (run.last(RCC_PLL1CFGR), run.last(RCC_PLL1DIVR)) == HSI_PLL


def test_a_cache_that_never_ends_its_invalidation_stays_off(port: HostPort) -> None:
    run = port.clock(HEALTHY, RESET | {ICACHE_SR: 1})
    assert_runs_at_full_clock(run, "hsi", fallback=False)
    assert not run.wrote(ICACHE_CR)


def test_an_emulator_without_an_rcc_is_left_alone(port: HostPort) -> None:
    run = port.clock([], {})
    assert (run.hz, run.source, run.fallback) == (16_000_000, SOURCES["hsi"], True)
    assert run.writes == ()
