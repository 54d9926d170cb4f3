"""STM32G0 with a 32-bit TIM2 (the G0x1 lines).

RM0444: flash chapter for wait states in range 1, PWR, RCC for the PLL's limits and the clock enables, the
vector table for interrupt numbers.

The Cortex-M0+ has no cycle counter, so TIM2 at the core's clock replaces it (port/counter_tim2).
"""

from __future__ import annotations

from functools import partial

from micronas.board import Board
from micronas.errors import BoardError
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

_IOPENR, _APBENR1, _APBENR2 = 0x40021034, 0x4002103C, 0x40021040
_RANGE_1 = 1

CHIP = Chip(
    modes=(VoltageMode(_RANGE_1, mhz((24, 48, 64))),),
    max_m=8,
    n=range(8, 87),
    vco_hz=(64_000_000, 344_000_000),
    reset_hz=HSI_HZ,
    pll_min_hz=12_000_000,  # DS12232, PLL characteristics
    fields=Fields(
        sw_bits=3,
        sw_hsi=0,
        sw_pll=2,
        hpre_shift=8,
        prescalers=0x7F00,  # HPRE and PPRE: there is one peripheral bus
        r_in_steps_of_two=False,
        pwr_clock_register=_APBENR1,
        accelerators=3 << 8,  # prefetch and instruction cache
    ),
)

USARTS = {
    "usart1": Usart(0x40013800, _APBENR2, 14, irq=27, bus=1),
    "usart2": Usart(0x40004400, _APBENR1, 17, irq=28, bus=1),
    "lpuart1": Usart(0x40008000, _APBENR1, 20, irq=29, bus=1, low_power=True, prescaler=True),
}


def header_values(board: Board) -> dict[str, str]:
    """The family's constants of ``mn_board.h``; raises ``BoardError`` for values that the chip does not
    support.
    """
    _require_tim2(board)
    return {
        **clock_l4(board, CHIP),
        **usart_of(board, USARTS).header_values({1: 0}),
        **gpio_v2(0x50000000, _IOPENR),
        **tim2(_APBENR1),
    }


def _require_tim2(board: Board) -> None:
    if board.mcu[8:9] == "0":
        raise BoardError(
            f"board {board.name}: {board.mcu} has no 32-bit TIM2 to count cycles",
            remedy="the firmware runs on the G0x1 lines (G031, G041, G051, G061, G071, G081, G0B1, G0C1)",
        )


FAMILY = Family(
    name="stm32g0",
    drivers=("clock_l4", "usart_v2", "gpio_v2", "counter_tim2"),
    openocd_target="stm32g0x",
    header_values=header_values,
    min_wait_states=partial(min_wait_states, chip=CHIP),
)
