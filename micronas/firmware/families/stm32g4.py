"""STM32G4.

RM0440: flash chapter for wait states by clock, PWR for range 1 normal (to 150 MHz) and boost, RCC for the
PLL's limits and the clock enables, the vector table for interrupt numbers.
"""

from __future__ import annotations

from functools import partial

from micronas.board import Board
from micronas.firmware.families.clock_l4 import (
    HSI_HZ,
    Chip,
    Fields,
    VoltageMode,
    clock_l4,
    mhz,
    min_wait_states,
)
from micronas.firmware.families.family import Family, Usart, gpio_v2, tim2, usart_of

_AHB2ENR, _APB1ENR1, _APB1ENR2, _APB2ENR = 0x4002104C, 0x40021058, 0x4002105C, 0x40021060
_RANGE_1 = 1

CHIP = Chip(
    modes=(
        VoltageMode(_RANGE_1, mhz((30, 60, 90, 120, 150))),
        VoltageMode(_RANGE_1, mhz((34, 68, 102, 136, 170)), boost=True),
    ),
    max_m=16,
    n=range(8, 128),
    vco_hz=(96_000_000, 344_000_000),
    reset_hz=HSI_HZ,
    fields=Fields(),
)

USARTS = {
    "usart1": Usart(0x40013800, _APB2ENR, 14, irq=37, bus=2),
    "usart2": Usart(0x40004400, _APB1ENR1, 17, irq=38, bus=1),
    "usart3": Usart(0x40004800, _APB1ENR1, 18, irq=39, bus=1),
    "uart4": Usart(0x40004C00, _APB1ENR1, 19, irq=52, bus=1),
    "uart5": Usart(0x40005000, _APB1ENR1, 20, irq=53, bus=1),
    "lpuart1": Usart(0x40008000, _APB1ENR2, 0, irq=91, bus=1, low_power=True, prescaler=True),
}


def header_values(board: Board) -> dict[str, str]:
    """The family's constants of ``mn_board.h``; raises ``BoardError`` for an unsupported clock or UART."""
    return {
        **clock_l4(board, CHIP),
        **usart_of(board, USARTS).header_values({1: 0, 2: 0}),
        **gpio_v2(0x48000000, _AHB2ENR),
        **tim2(_APB1ENR1),
    }


FAMILY = Family(
    name="stm32g4",
    drivers=("clock_l4", "usart_v2", "gpio_v2", "counter_dwt"),
    openocd_target="stm32g4x",
    header_values=header_values,
    min_wait_states=partial(min_wait_states, chip=CHIP),
)
