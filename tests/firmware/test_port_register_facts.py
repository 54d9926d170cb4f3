"""Addresses, bits and limits of the ports' C against what others wrote down (docs/reference/board_facts.md).

Only those that the tests with simulated registers take from the C's own view of the chip.
"""

from __future__ import annotations

import re

import pytest

from tests.support.paths import FIRMWARE

PORT = FIRMWARE / "port"
_DEFINE = re.compile(r"^#define (\w+)(?:\([\w, ]+\))? +(.+?)(?: /\*.*)?$", re.MULTILINE)
_SCB = 0xE000ED00

FACTS = [
    # stm32-data, registers icache_v1, and the memory map of microzig's L5 and U5
    ("clock_l4/mn_clock.c", {"ICACHE_CR": 0x40030400, "ICACHE_SR": 0x40030404}),
    ("clock_l4/mn_clock.c", {"ICACHE_EN": 1 << 0, "ICACHE_BUSYF": 1 << 0}),
    ("stm32u5/mn_clock.c", {"ICACHE_CR": 0x40030400, "ICACHE_SR": 0x40030404}),
    ("stm32u5/mn_clock.c", {"ICACHE_EN": 1 << 0, "ICACHE_BUSYF": 1 << 0}),
    # stm32-data, registers pwr_l5
    ("clock_l4/mn_clock.c", {"CR2_IOSV": 1 << 9, "CR1_VOS_MASK": 3 << 9, "SR2_VOSF": 1 << 10}),
    # stm32-data, registers dbgmcu_h7, and ST's device header; ArduPilot's boot loader: 0x2003 is V
    ("stm32h7/mn_clock.c", {"DBGMCU_IDCODE": 0x5C001000, "REVISION_V": 0x2003}),
    # ChibiOS, STM32F7xx
    ("clock_f4/mn_clock.c", {"PWR_OVERDRIVE_ON": 1 << 16, "PWR_OVERDRIVE_SWITCH": 1 << 17}),
    # Arm's CMSIS, core_cm7.h: offsets in the SCB, DCISW's fields
    ("cache_m7/mn_cache.c", {"SCB_CCR": _SCB + 0x14, "CCR_DC": 1 << 16, "CCR_IC": 1 << 17}),
    ("cache_m7/mn_cache.c", {"SCB_CCSIDR": _SCB + 0x80, "SCB_CSSELR": _SCB + 0x84}),
    ("cache_m7/mn_cache.c", {"SCB_ICIALLU": _SCB + 0x250, "SCB_DCISW": _SCB + 0x260}),
    ("cache_m7/mn_cache.c", {"SET_SHIFT": 5, "WAY_SHIFT": 30}),
    # stm32-data, registers gpio_v1 (mode 3 is 50 MHz; output 2 alternate push-pull, input 2 pulled); ChibiOS
    ("gpio_v1/mn_gpio.c", {"ALTERNATE_PUSH_PULL_50_MHZ": 2 << 2 | 3, "INPUT_PULLED": 2 << 2}),
    ("gpio_v1/mn_pin.c", {"OUTPUT_PUSH_PULL_50_MHZ": 0 << 2 | 3}),
]


def constants(file: str) -> dict[str, list[int]]:
    """Name -> the value of each ``#define`` of it, of those that are plain numbers, shifts or registers."""
    found: dict[str, list[int]] = {}
    for name, text in _DEFINE.findall((PORT / file).read_text(encoding="utf-8")):
        plain = re.sub(r"(?<=[0-9A-Fa-f])u\b", "", text.removeprefix("MN_REGISTER"))
        if re.fullmatch(r"[0-9A-Fa-fx<() ]+", plain):
            found.setdefault(name, []).append(eval(plain))
    return found


@pytest.mark.parametrize(("file", "facts"), FACTS)
def test_the_ports_constants_are_those_of_others(file: str, facts: dict[str, int]) -> None:
    ours = constants(file)
    assert {name: ours.get(name) for name in facts} == {name: [value] for name, value in facts.items()}


def test_the_uarts_dividers_have_the_limits_of_others() -> None:
    """Apache NuttX and ST's HAL: an LPUART takes 0x300 to 0xFFFFF, a USART 0x10 to 0xFFFF."""
    ours = constants("usart_v2/mn_usart.c")
    assert ours["DIVIDER_MIN"] == [0x300, 0x10]
    assert ours["DIVIDER_MAX"] == [0xFFFFF, 0xFFFF]
    assert ours["SCALE"] == [256, 1]


def test_the_data_caches_geometry_is_read_as_cmsis_reads_it() -> None:
    """CCSIDR of core_cm7.h: sets in bits 27:13, ways in 12:3, both less one."""
    text = (PORT / "cache_m7/mn_cache.c").read_text(encoding="utf-8")
    assert "last_set = geometry >> 13 & 0x7FFFu;" in text
    assert "last_way = geometry >> 3 & 0x3FFu;" in text
