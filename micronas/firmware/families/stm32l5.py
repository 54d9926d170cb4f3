"""STM32L5 with TrustZone off (TZEN = 0, as shipped).

RM0438: flash chapter for wait states in range 0, PWR, RCC for the PLL's limits and the clock enables,
ICACHE, the vector table for interrupt numbers.
"""

from __future__ import annotations

from functools import partial

from micronas.board import Board
from micronas.firmware.families.clock_l4 import Chip, Fields, VoltageMode, clock_l4, mhz, min_wait_states
from micronas.firmware.families.family import Family, Usart, gpio_v2, tim2, usart_of

_AHB2ENR, _APB1ENR1, _APB1ENR2, _APB2ENR = 0x4002104C, 0x40021058, 0x4002105C, 0x40021060
_MSI_HZ = 4_000_000
_RANGE_0 = 0

CHIP = Chip(
    modes=(VoltageMode(_RANGE_0, mhz((20, 40, 60, 80, 100, 110))),),
    max_m=16,
    n=range(8, 87),
    vco_hz=(64_000_000, 344_000_000),
    reset_hz=_MSI_HZ,
    fields=Fields(accelerators=0, has_icache=True),
    start_wait_states=1,  # range 2 allows 8 MHz without
)

USARTS = {
    "usart1": Usart(0x40013800, _APB2ENR, 14, irq=61, bus=2),
    "usart2": Usart(0x40004400, _APB1ENR1, 17, irq=62, bus=1),
    "usart3": Usart(0x40004800, _APB1ENR1, 18, irq=63, bus=1),
    "uart4": Usart(0x40004C00, _APB1ENR1, 19, irq=64, bus=1),
    "uart5": Usart(0x40005000, _APB1ENR1, 20, irq=65, bus=1),
    "lpuart1": Usart(0x40008000, _APB1ENR2, 0, irq=66, bus=1, low_power=True, prescaler=True),
}


def header_values(board: Board) -> dict[str, str]:
    """The family's constants of ``mn_board.h``; raises ``BoardError`` for an unsupported clock or UART."""
    return {
        **clock_l4(board, CHIP),
        **usart_of(board, USARTS).header_values({1: 0, 2: 0}),
        **gpio_v2(0x42020000, _AHB2ENR),
        **tim2(_APB1ENR1),
    }


FAMILY = Family(
    name="stm32l5",
    drivers=("clock_l4", "usart_v2", "gpio_v2", "counter_dwt"),
    openocd_target="stm32l5x",
    header_values=header_values,
    min_wait_states=partial(min_wait_states, chip=CHIP),
)
