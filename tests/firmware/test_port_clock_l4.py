"""The clock code that L4, L4+, L5, G0 and G4 share, on a simulated chip.

Addresses, bits and reset values: RM0351, RM0432, RM0438, RM0444, RM0440; chapters FLASH, PWR, RCC and ICACHE.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from micronas.board import load_board
from tests.support.chips.clock_l4 import (
    ALL,
    FLASH_ACR,
    G474,
    HSE,
    HSERDY,
    HSI,
    HSION,
    HSIRDY,
    ICACHE_CR,
    ICACHE_SR,
    IOSV,
    MSIRDY,
    PLL,
    PLLON,
    PLLRDY,
    PWR_CR1,
    PWR_CR2,
    PWR_CR5,
    PWR_SR2,
    PWREN,
    R1MODE,
    RCC_CFGR,
    RCC_CR,
    RCC_PLLCFGR,
    VOSF,
    Expected,
    pllcfgr,
)
from tests.support.host_c import COMPILERS
from tests.support.host_port import SOURCES, HostPort, Lock, Rule, Run


@dataclass(frozen=True)
class Chip:
    port: HostPort
    expected: Expected

    def clock(self, rules: tuple[Rule, ...], changes: dict[int, int] | None = None) -> Run:
        return self.port.clock(rules, self.expected.reset | (changes or {}))

    def without(self, *rules: Rule) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.expected.rules if rule not in rules)


@pytest.fixture(scope="module", params=ALL, ids=lambda e: e.board)
def chip(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Chip:
    compiler = COMPILERS[ALL.index(request.param) % len(COMPILERS)]
    port = HostPort(load_board(request.param.board), tmp_path_factory.mktemp("l4"), compiler)
    return Chip(port, request.param)


def assert_runs_at_full_clock(run: Run, expected: Expected, source: str, *, fallback: bool) -> None:
    hz = load_board(expected.board).clock.hz
    assert (run.hz, run.source, run.fallback) == (hz, SOURCES[source], fallback)
    assert expected.set_by_software(run.last(RCC_CFGR)) == expected.sw_pll  # and no prescaler left
    assert run.last(FLASH_ACR) == expected.acr
    assert run.last(RCC_CR) & PLLON


def test_the_profiles_clock_is_set_in_the_manuals_order(chip: Chip) -> None:
    expected = chip.expected
    run = chip.clock(expected.rules)
    assert_runs_at_full_clock(run, expected, expected.source, fallback=False)
    assert run.last(RCC_PLLCFGR) == expected.pllcfgr
    power = run.index(expected.pwr_enr, PWREN, PWREN)
    latency = run.index(FLASH_ACR, 0xF, expected.acr & 0xF)
    pll = run.index(RCC_CR, PLLON, PLLON)
    switch = run.index(RCC_CFGR, expected.sw_mask, expected.sw_pll)
    assert power < latency < run.index(RCC_PLLCFGR, 0xFFFFFFFF, expected.pllcfgr) < pll < switch


def test_the_voltage_is_raised_before_the_pll_starts(chip: Chip) -> None:
    run = chip.clock(chip.expected.rules)
    reset = chip.expected.reset
    vos = run.last(PWR_CR1) if run.wrote(PWR_CR1) else reset[PWR_CR1]
    assert vos >> 9 & 3 == chip.expected.vos
    pll = run.index(RCC_CR, PLLON, PLLON)
    assert all(i < pll for i, w in enumerate(run.writes) if w.address in (PWR_CR1, PWR_CR5))
    assert run.wrote(PWR_CR5) == chip.expected.boost
    if chip.expected.boost:
        assert run.last(PWR_CR5) & R1MODE == 0


def test_above_80_mhz_the_core_runs_at_half_the_rate_first(chip: Chip) -> None:
    run = chip.clock(chip.expected.rules)
    expected = chip.expected
    switches = [expected.set_by_software(w.value) for w in run.writes if w.address == RCC_CFGR]
    if expected.half_first:
        half, sw_pll = expected.hpre_half, expected.sw_pll
        assert switches[-3:] == [half | expected.sw_hsi, half | sw_pll, sw_pll]
    else:
        assert switches[-1] == expected.sw_pll
        assert all(value <= expected.sw_mask for value in switches)


def test_pins_of_port_g_get_their_supply_and_the_cache_is_started(chip: Chip) -> None:
    run = chip.clock(chip.expected.rules)
    assert run.wrote(PWR_CR2) == chip.expected.vddio2
    if chip.expected.vddio2:
        assert run.index(chip.expected.pwr_enr) < run.index(PWR_CR2, IOSV, IOSV)
    assert run.wrote(ICACHE_CR) == chip.expected.icache
    if chip.expected.icache:
        assert run.last(ICACHE_CR) == 5
        assert not chip.clock(chip.expected.rules, {ICACHE_SR: 1}).wrote(ICACHE_CR)  # stuck invalidation


def test_a_voltage_regulator_that_never_settles_leaves_the_bare_oscillator(chip: Chip) -> None:
    run = chip.clock(chip.expected.rules, {PWR_SR2: VOSF})
    assert (run.hz, run.source, run.fallback) == (16_000_000, SOURCES["hsi"], True)
    assert not run.wrote(RCC_CR) or run.last(RCC_CR) & PLLON == 0


def test_a_pll_that_never_locks_leaves_the_bare_oscillator(chip: Chip) -> None:
    run = chip.clock(chip.without(PLL))
    assert (run.hz, run.source, run.fallback) == (16_000_000, SOURCES["hsi"], True)
    assert run.last(RCC_CR) & PLLON == 0
    cfgr = run.last(RCC_CFGR) if run.wrote(RCC_CFGR) else chip.expected.reset.get(RCC_CFGR, 0)
    assert chip.expected.set_by_software(cfgr) == chip.expected.sw_hsi


def test_an_internal_oscillator_that_never_starts_leaves_the_clock_of_reset(chip: Chip) -> None:
    run = chip.clock(chip.without(HSI), {RCC_CR: MSIRDY if chip.expected.reset_hz == 4_000_000 else HSERDY})
    assert (run.hz, run.fallback) == (chip.expected.reset_hz, True)
    assert not run.wrote(RCC_CFGR)


def test_latency_that_does_not_read_back_forbids_a_faster_clock(chip: Chip) -> None:
    stuck = Lock(FLASH_ACR, RCC_CR, 0xFFFFFFFF)
    run = chip.clock((*chip.expected.rules, stuck))
    assert (run.hz, run.fallback) == (chip.expected.reset_hz, True)
    assert not run.wrote(RCC_CFGR)


def test_a_pll_that_a_boot_loader_left_running_is_stopped_before_it_is_set(chip: Chip) -> None:
    expected = chip.expected
    running = {
        RCC_CR: HSION | HSIRDY | PLLON | PLLRDY,
        RCC_CFGR: expected.sw_pll | expected.sw_pll << expected.sws_shift,
        RCC_PLLCFGR: expected.pllcfgr + (1 << 8),
    }
    run = chip.clock(expected.rules, running)
    assert_runs_at_full_clock(run, expected, expected.source, fallback=False)
    assert run.last(RCC_PLLCFGR) == expected.pllcfgr
    assert not any(write.ignored for write in run.writes)


def test_an_emulator_without_an_rcc_is_left_alone(chip: Chip) -> None:
    run = chip.port.clock([], {})
    assert (run.hz, run.source, run.fallback) == (16_000_000, SOURCES["hsi"], True)
    assert run.writes == ()


def test_without_its_crystal_the_g4_runs_at_the_same_rate_from_hsi_and_says_so(tmp_path: Path) -> None:
    chip = Chip(HostPort(load_board(G474.board), tmp_path), G474)
    run = chip.clock(chip.without(HSE))
    assert_runs_at_full_clock(run, G474, "hsi", fallback=True)
    assert run.last(RCC_PLLCFGR) == pllcfgr(2, 4, 85, 2)  # 16 / 4 * 85 / 2 = 170 MHz
