"""F7 and F2: the F4's clock code with other values, and the M7's caches, on a simulated chip."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from micronas.board import load_board
from tests.support.chips.stm32f4 import FLASH_ACR, HEALTHY, HSE, PWR_CR, RCC_CFGR, RCC_PLLCFGR, RESET, without
from tests.support.host_c import build_program
from tests.support.host_port import HOST_PORT, SOURCES, HostPort
from tests.support.paths import FIRMWARE


@pytest.mark.parametrize("name", ["nucleo_f746zg", "nucleo_f767zi"])
def test_a_nucleo_f7_runs_at_216_mhz_with_overdrive(name: str, tmp_path: Path) -> None:
    port = HostPort(load_board(name), tmp_path)
    run = port.clock(HEALTHY, RESET)
    assert (run.hz, run.source, run.fallback) == (216_000_000, SOURCES["hse_bypass"], False)
    # 8 MHz / 4 * 216 / 2; Q = 9: 432 / 9 = 48 MHz
    assert run.last(RCC_PLLCFGR) == 2 << 28 | 9 << 24 | 1 << 22 | 216 << 6 | 4
    assert run.last(FLASH_ACR) == 0x307  # ART, prefetch, seven wait states (RM0385 table 5)
    assert run.last(RCC_CFGR) & 0xFCF0 == 0b101 << 10 | 0b100 << 13  # 54 and 108 MHz
    assert run.index(PWR_CR, 3 << 16, 3 << 16) < run.index(FLASH_ACR) < run.index(RCC_CFGR, 3, 2)
    fallback = port.clock(without(HSE), RESET)
    assert (fallback.hz, fallback.source, fallback.fallback) == (216_000_000, SOURCES["hsi"], True)


def test_the_discoverys_25_mhz_crystal_is_divided_exactly(tmp_path: Path) -> None:
    run = HostPort(load_board("disco_f746ng"), tmp_path).clock(HEALTHY, RESET)
    assert (run.hz, run.source, run.fallback) == (216_000_000, SOURCES["hse_crystal"], False)
    assert run.last(RCC_PLLCFGR) & 0x7FFF == 432 << 6 | 25  # 25 MHz / 25 * 432 / 2


def test_the_f2_has_no_voltage_scale_and_no_overdrive(tmp_path: Path) -> None:
    run = HostPort(load_board("netduino2"), tmp_path).clock(HEALTHY, RESET)
    assert (run.hz, run.source, run.fallback) == (120_000_000, SOURCES["hse_crystal"], False)
    assert not run.wrote(PWR_CR)
    assert run.last(FLASH_ACR) == 0x703  # RM0033 table 3
    assert run.last(RCC_CFGR) & 0xFCF0 == 0b101 << 10 | 0b100 << 13  # 30 and 60 MHz


CACHE_MAIN = """
#include "fake_chip.h"
#include "mn_cache.h"

int main(void)
{
    fake_set(0xE000ED80u, 0xF00FE019u); /* CCSIDR: 16 KB in 128 sets, 4 ways, 32 bytes */
    mn_cache_start();
    fake_settle();
    return 0;
}
"""


def test_every_line_of_the_data_cache_is_invalidated_before_it_goes_on(tmp_path: Path) -> None:
    main = tmp_path / "main.c"
    main.write_text(CACHE_MAIN)
    port = FIRMWARE / "port"
    sources = [main, HOST_PORT / "fake_chip.c", port / "cache_m7" / "mn_cache.c"]
    program = build_program("gcc", sources, [HOST_PORT, port / "common"], tmp_path / "cache")
    output = subprocess.run([program], capture_output=True, text=True, timeout=30, check=True).stdout
    writes = [tuple(int(n, 0) for n in line.split()[1:]) for line in output.splitlines()]
    dcisw, ccr = 0xE000EF60, 0xE000ED14
    lines = {value for address, value in writes if address == dcisw}
    # the first write, of set 0 and way 0, leaves the register at 0, which is no change
    assert lines | {0} == {index << 5 | way << 30 for index in range(128) for way in range(4)}
    last = max(i for i, (address, _) in enumerate(writes) if address == dcisw)
    assert writes[-1] == (ccr, 1 << 17 | 1 << 16)
    assert last < len(writes) - 1
