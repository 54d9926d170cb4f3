"""STM32F7 (Cortex-M7).

RM0385 and RM0410 table 5: flash wait states; RM0385 4.1.4: overdrive; RM0385 chapter 5, DS10916 and DS11532:
clock limits. USART clocks are the bus clocks after reset (RCC_DCKCFGR2).
"""

from __future__ import annotations

from functools import partial

from micronas.board import Board
from micronas.firmware.families.clock_f4 import USARTS, ChipLine, header_values, min_wait_states
from micronas.firmware.families.family import CACHE_M7, Family, Usart

_PREFETCH_AND_ART = 0b11 << 8
_MHZ = 1_000_000
_APB1ENR = 0x40023840

_F74X = ChipLine(
    216 * _MHZ,
    54 * _MHZ,
    108 * _MHZ,
    100 * _MHZ,
    (*(30 * _MHZ * n for n in range(1, 8)), 216 * _MHZ),
    vos_mask=3 << 14,
    overdrive_above_hz=180 * _MHZ,
)
LINES = {"STM32F746": _F74X, "STM32F767": _F74X}
_USARTS = {
    **USARTS,
    "uart7": Usart(0x40007800, _APB1ENR, 30, irq=82, bus=1),
    "uart8": Usart(0x40007C00, _APB1ENR, 31, irq=83, bus=1),
}


def _header_values(board: Board) -> dict[str, str]:
    return {**header_values(board, LINES, _USARTS, _PREFETCH_AND_ART), **CACHE_M7}


FAMILY = Family(
    name="stm32f7",
    drivers=("clock_f4", "usart_v2", "gpio_v2", "counter_dwt", "cache_m7"),
    openocd_target="stm32f7x",
    header_values=_header_values,
    min_wait_states=partial(min_wait_states, lines=LINES),
)
