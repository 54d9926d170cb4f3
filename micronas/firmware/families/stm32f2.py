"""STM32F2 (Cortex-M3). RM0033 table 3: flash wait states; RM0033 chapter 5 and DS6329: clock limits."""

from __future__ import annotations

from functools import partial

from micronas.board import Board
from micronas.firmware.families.clock_f4 import USARTS, ChipLine, header_values, min_wait_states
from micronas.firmware.families.family import Family

_PREFETCH_AND_CACHES = 0b111 << 8
_MHZ = 1_000_000

_F2 = ChipLine(
    120 * _MHZ,
    30 * _MHZ,
    60 * _MHZ,
    192 * _MHZ,
    (30 * _MHZ, 60 * _MHZ, 90 * _MHZ, 120 * _MHZ),
    vos_mask=0,
    n_min=192,  # RM0033 5.3.2
    bypass_max_hz=26 * _MHZ,  # DS6329, HSE characteristics
)
LINES = {"STM32F205": _F2, "STM32F207": _F2}


def _header_values(board: Board) -> dict[str, str]:
    return header_values(board, LINES, USARTS, _PREFETCH_AND_CACHES)


FAMILY = Family(
    name="stm32f2",
    drivers=("clock_f4", "usart_v1", "gpio_v2", "counter_dwt"),
    openocd_target="stm32f2x",
    header_values=_header_values,
    min_wait_states=partial(min_wait_states, lines=LINES),
)
