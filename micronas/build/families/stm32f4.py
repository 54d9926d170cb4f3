"""STM32F4: the clock tree worked out at build time, and where its USARTs are.

RM0090 (F405/407/429), RM0390 (F446), RM0368 (F401), RM0383 (F411): RCC chapter for the PLL's limits, the
register map of the same chapter for clock enables, the vector table for interrupt numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from micronas.board import Board
from micronas.build.families.family import (
    Family,
    Usart,
    bus_shift,
    gpio_v2,
    require_clock_within,
    tim2,
    usart_of,
)
from micronas.errors import BoardError

HSI_HZ = 16_000_000
_VCO_IN_HZ = (1_000_000, 2_000_000)
_USB_MAX_HZ = 48_000_000
_AHB1ENR, _APB1ENR, _APB2ENR = 0x40023830, 0x40023840, 0x40023844


@dataclass(frozen=True)
class Line:
    """Limits of one line of the family; ``vos_mask`` selects the voltage scale bits of PWR_CR."""

    max_hz: int
    apb1_max_hz: int
    apb2_max_hz: int
    vco_min_hz: int
    vco_max_hz: int
    vos_mask: int
    overdrive_above_hz: int | None = None


_LINES = {
    "STM32F401": Line(84_000_000, 42_000_000, 84_000_000, 192_000_000, 432_000_000, 2 << 14),
    "STM32F411": Line(100_000_000, 50_000_000, 100_000_000, 100_000_000, 432_000_000, 3 << 14),
    "STM32F405": Line(168_000_000, 42_000_000, 84_000_000, 100_000_000, 432_000_000, 1 << 14),
    "STM32F407": Line(168_000_000, 42_000_000, 84_000_000, 100_000_000, 432_000_000, 1 << 14),
    "STM32F429": Line(180_000_000, 45_000_000, 90_000_000, 100_000_000, 432_000_000, 3 << 14, 168_000_000),
    "STM32F446": Line(180_000_000, 45_000_000, 90_000_000, 100_000_000, 432_000_000, 3 << 14, 168_000_000),
}


_USARTS = {
    "usart1": Usart(0x40011000, _APB2ENR, 4, irq=37, bus=2),
    "usart2": Usart(0x40004400, _APB1ENR, 17, irq=38, bus=1),
    "usart3": Usart(0x40004800, _APB1ENR, 18, irq=39, bus=1),
    "uart4": Usart(0x40004C00, _APB1ENR, 19, irq=52, bus=1),
    "uart5": Usart(0x40005000, _APB1ENR, 20, irq=53, bus=1),
    "usart6": Usart(0x40011400, _APB2ENR, 5, irq=71, bus=2),
}


@dataclass(frozen=True)
class Pll:
    """Dividers of the main PLL: hz = source_hz / m * n / p."""

    m: int
    n: int
    p: int
    q: int

    def register(self, *, from_hse: bool) -> int:
        """RCC_PLLCFGR; bits 31:28 are PLLR = 2 on the F446 and hold their reset value on the others."""
        p_bits = self.p // 2 - 1
        return 2 << 28 | self.q << 24 | int(from_hse) << 22 | p_bits << 16 | self.n << 6 | self.m


def line_of(board: Board) -> Line:
    """The limits of the board's chip; raises ``BoardError`` for a line that is not known."""
    for prefix, line in _LINES.items():
        if board.mcu.startswith(prefix):
            return line
    raise BoardError(
        f"board {board.name}: {board.mcu} is not a known STM32F4 line",
        remedy=f"known: {', '.join(sorted(_LINES))}; add its limits to micronas/build/families/stm32f4.py",
    )


def solve_pll(source_hz: int, hz: int, line: Line) -> Pll | None:
    """Dividers that give exactly ``hz`` with the fastest PLL input (least jitter), or None."""
    for m in range(2, 64):
        if not _VCO_IN_HZ[0] * m <= source_hz <= _VCO_IN_HZ[1] * m:
            continue
        for p in (2, 4, 6, 8):
            n, rest = divmod(hz * p * m, source_hz)
            vco_hz = hz * p
            if rest == 0 and 50 <= n <= 432 and line.vco_min_hz <= vco_hz <= line.vco_max_hz:
                return Pll(m, n, p, max(2, math.ceil(vco_hz / _USB_MAX_HZ)))
    return None


def header_values(board: Board) -> dict[str, str]:
    """The family's constants of ``mn_board.h``; raises ``BoardError`` for a clock that cannot be made."""
    line, hz = line_of(board), board.clock.hz
    require_clock_within(board, line.max_hz)
    apb1, apb2 = bus_shift(hz, line.apb1_max_hz), bus_shift(hz, line.apb2_max_hz)
    overdrive = line.overdrive_above_hz is not None and hz > line.overdrive_above_hz
    return {
        "MN_CLOCK_HSI_HZ": f"{HSI_HZ}u",
        "MN_CLOCK_PLLCFGR": f"{_pll_register(board, line, board.clock.source_hz):#010x}u",
        "MN_CLOCK_HSI_PLLCFGR": f"{_pll_register(board, line, HSI_HZ, hsi=True):#010x}u",
        "MN_CLOCK_CFGR_PRESCALERS": f"{_prescaler(apb1) << 10 | _prescaler(apb2) << 13:#x}u",
        "MN_CLOCK_VOS_MASK": f"{line.vos_mask:#x}u",
        "MN_CLOCK_VOS": f"{line.vos_mask:#x}u",
        "MN_CLOCK_OVERDRIVE": str(int(overdrive)),
        **usart_of(board, _USARTS).header_values({1: apb1, 2: apb2}),
        **gpio_v2(0x40020000, _AHB1ENR),
        **tim2(_APB1ENR),
    }


def _pll_register(board: Board, line: Line, source_hz: int, *, hsi: bool = False) -> int:
    pll = solve_pll(source_hz, board.clock.hz, line)
    if pll is None:
        raise BoardError(f"board {board.name}: no PLL setting makes {board.clock.hz} Hz from {source_hz} Hz")
    return pll.register(from_hse=not hsi and board.clock.source != "hsi")


def _prescaler(shift: int) -> int:
    return 0 if shift == 0 else 0b100 | shift - 1


FAMILY = Family(
    name="stm32f4",
    drivers=("usart_v1", "gpio_v2", "counter_dwt"),
    openocd_target="stm32f4x",
    header_values=header_values,
)
