"""STM32F4 (Cortex-M4F).

Flash wait states: RM0090 3.5.1, RM0390 3.4.1, RM0368 3.4.1, RM0383 3.4.1. Clock limits: the RCC chapters and
DS8626, DS10693, DS10086, DS10314.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from micronas.board import Board
from micronas.firmware.families.clock_f4 import USARTS, ChipLine, header_values, min_wait_states
from micronas.firmware.families.family import Family

_PREFETCH_AND_CACHES = 0b111 << 8
_MHZ = 1_000_000
_THREE_USARTS = frozenset(("usart1", "usart2", "usart6"))
_30_MHZ_STEPS = tuple(30 * _MHZ * n for n in range(1, 6))

_F405 = ChipLine(168 * _MHZ, 42 * _MHZ, 84 * _MHZ, 100 * _MHZ, (*_30_MHZ_STEPS, 168 * _MHZ), vos_mask=1 << 14)
_F429 = ChipLine(
    180 * _MHZ,
    45 * _MHZ,
    90 * _MHZ,
    100 * _MHZ,
    (*_30_MHZ_STEPS, 180 * _MHZ),
    vos_mask=3 << 14,
    overdrive_above_hz=168 * _MHZ,
)
_F446 = replace(_F429, pll_min_hz=12_500_000)
LINES = {
    "STM32F401": ChipLine(
        84 * _MHZ,
        42 * _MHZ,
        84 * _MHZ,
        192 * _MHZ,
        (30 * _MHZ, 60 * _MHZ, 84 * _MHZ),
        vos_mask=2 << 14,
        n_min=192,  # RM0368 6.3.2
        usarts=_THREE_USARTS,
    ),
    "STM32F411": ChipLine(
        100 * _MHZ,
        50 * _MHZ,
        100 * _MHZ,
        100 * _MHZ,
        (30 * _MHZ, 64 * _MHZ, 90 * _MHZ, 100 * _MHZ),
        vos_mask=3 << 14,
        usarts=_THREE_USARTS,
    ),
    "STM32F405": _F405,
    "STM32F407": _F405,
    "STM32F429": _F429,
    "STM32F446": _F446,
}


def _header_values(board: Board) -> dict[str, str]:
    return header_values(board, LINES, USARTS, _PREFETCH_AND_CACHES)


FAMILY = Family(
    name="stm32f4",
    drivers=("clock_f4", "usart_v1", "gpio_v2", "counter_dwt"),
    openocd_target="stm32f4x",
    header_values=_header_values,
    min_wait_states=partial(min_wait_states, lines=LINES),
)
