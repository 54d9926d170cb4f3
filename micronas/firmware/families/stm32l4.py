"""STM32L4 and L4+. RM0351 (L47x to L4Ax), RM0394 (L41x to L46x), RM0432 (L4Rx, L4Sx; "L4+").

Flash chapter for wait states by clock in range 1, PWR for the voltage ranges (L4+: boost above 80 MHz),
RCC for the PLL's limits and the clock enables, the vector table for interrupt numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from micronas.board import Board
from micronas.firmware.families.clock_l4 import Chip, Fields, VoltageMode, clock_l4, mhz, min_wait_states
from micronas.firmware.families.family import Family, Usart, gpio_v2, tim2, usart_of

_AHB2ENR, _APB1ENR1, _APB1ENR2, _APB2ENR = 0x4002104C, 0x40021058, 0x4002105C, 0x40021060
_MSI_HZ = 4_000_000
_RANGE_1 = 1

_L4 = Chip(
    modes=(VoltageMode(_RANGE_1, mhz((16, 32, 48, 64, 80))),),
    max_m=8,
    n=range(8, 87),
    vco_hz=(64_000_000, 344_000_000),
    reset_hz=_MSI_HZ,
    fields=Fields(),
)
_L4_PLUS = Chip(
    modes=(
        VoltageMode(_RANGE_1, mhz((20, 40, 60, 80))),
        VoltageMode(_RANGE_1, mhz((20, 40, 60, 80, 100, 120)), boost=True),
    ),
    max_m=16,
    n=range(8, 128),
    vco_hz=(64_000_000, 344_000_000),
    reset_hz=_MSI_HZ,
    fields=Fields(),
)
_L4_PLUS_LINES = ("STM32L4P", "STM32L4Q", "STM32L4R", "STM32L4S")

USARTS = {
    "usart1": Usart(0x40013800, _APB2ENR, 14, irq=37, bus=2),
    "usart2": Usart(0x40004400, _APB1ENR1, 17, irq=38, bus=1),
    "usart3": Usart(0x40004800, _APB1ENR1, 18, irq=39, bus=1),
    "uart4": Usart(0x40004C00, _APB1ENR1, 19, irq=52, bus=1),
    "uart5": Usart(0x40005000, _APB1ENR1, 20, irq=53, bus=1),
    "lpuart1": Usart(0x40008000, _APB1ENR2, 0, irq=70, bus=1, low_power=True),
}


_L4_PLUS_USARTS = {name: replace(usart, prescaler=usart.low_power) for name, usart in USARTS.items()}
_SMALL_LINES = ("STM32L432", "STM32L442")
_SMALL_USARTS = {name: USARTS[name] for name in ("usart1", "usart2", "lpuart1")}


def usarts_of(board: Board) -> Mapping[str, Usart]:
    """The UARTs of the board's chip."""
    if board.mcu.startswith(_L4_PLUS_LINES):
        return _L4_PLUS_USARTS
    return _SMALL_USARTS if board.mcu.startswith(_SMALL_LINES) else USARTS


def chip_of(board: Board) -> Chip:
    """The limits of the board's chip."""
    return _L4_PLUS if board.mcu.startswith(_L4_PLUS_LINES) else _L4


def header_values(board: Board) -> dict[str, str]:
    """The family's constants of ``mn_board.h``; raises ``BoardError`` for an unsupported clock or UART."""
    return {
        **clock_l4(board, chip_of(board)),
        **usart_of(board, usarts_of(board)).header_values({1: 0, 2: 0}),
        **gpio_v2(0x48000000, _AHB2ENR),
        **tim2(_APB1ENR1),
    }


FAMILY = Family(
    name="stm32l4",
    drivers=("clock_l4", "usart_v2", "gpio_v2", "counter_dwt"),
    openocd_target="stm32l4x",
    header_values=header_values,
    min_wait_states=lambda board: min_wait_states(board, chip_of(board)),
)
