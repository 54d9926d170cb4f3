"""F2, F4 and F7: one clock tree, with dividers computed at build time (firmware/port/clock_f4).

The families differ in limits, flash wait states and flash acceleration. RCC registers and USART addresses are
the same: RM0033, RM0090, RM0390, RM0385: RCC register and memory maps, vector tables.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from micronas.board import Board
from micronas.errors import BoardError
from micronas.firmware.families.family import (
    Usart,
    bus_shift,
    gpio_v2,
    line_of,
    require_clock_within,
    require_source_within,
    require_wait_states,
    tim2,
    usart_of,
    wait_states_for,
)

HSI_HZ = 16_000_000
_VCO_IN_HZ = (1_000_000, 2_000_000)
_USB_MAX_HZ = 48_000_000
N_MAX = 432
_AHB1ENR, _APB1ENR, _APB2ENR = 0x40023830, 0x40023840, 0x40023844
_CRYSTAL_HZ = (4_000_000, 26_000_000)
_BYPASS_MIN_HZ = 1_000_000

USARTS = {
    "usart1": Usart(0x40011000, _APB2ENR, 4, irq=37, bus=2),
    "usart2": Usart(0x40004400, _APB1ENR, 17, irq=38, bus=1),
    "usart3": Usart(0x40004800, _APB1ENR, 18, irq=39, bus=1),
    "uart4": Usart(0x40004C00, _APB1ENR, 19, irq=52, bus=1),
    "uart5": Usart(0x40005000, _APB1ENR, 20, irq=53, bus=1),
    "usart6": Usart(0x40011400, _APB2ENR, 5, irq=71, bus=2),
}


@dataclass(frozen=True)
class ChipLine:
    """Limits of one line of chips at 2.7 to 3.6 V.

    ``wait_state_hz[n]`` is the fastest core clock with n flash wait states; ``vos_mask`` are the bits of
    PWR_CR that select the fastest voltage scale, 0 for a chip without; ``overdrive_above_hz`` None without.
    ``n_min`` is the minimum PLLN; ``usarts`` are those that the chips have, None for all of the family.
    ``pll_min_hz`` is the PLL's slowest output, ``bypass_max_hz`` the fastest clock into OSC_IN (data sheets,
    PLL and HSE characteristics).
    """

    max_hz: int
    apb1_max_hz: int
    apb2_max_hz: int
    vco_min_hz: int
    wait_state_hz: tuple[int, ...]
    vos_mask: int
    overdrive_above_hz: int | None = None
    vco_max_hz: int = 432_000_000
    n_min: int = 50
    pll_min_hz: int = 24_000_000
    bypass_max_hz: int = 50_000_000
    usarts: frozenset[str] | None = None

    def has(self, usart: str) -> bool:
        """Whether the chips have ``usart``."""
        return self.usarts is None or usart in self.usarts


@dataclass(frozen=True)
class PllF4:
    """Dividers of the main PLL: hz = source_hz / m * n / p."""

    m: int
    n: int
    p: int
    q: int

    def register(self, *, from_hse: bool) -> int:
        """RCC_PLLCFGR; bits 31:28 are PLLR = 2 if the chip has it, otherwise the reset value."""
        p_bits = self.p // 2 - 1
        return 2 << 28 | self.q << 24 | int(from_hse) << 22 | p_bits << 16 | self.n << 6 | self.m


def solve_pll(source_hz: int, hz: int, line: ChipLine) -> PllF4 | None:
    """Dividers that give exactly ``hz`` with the fastest PLL input (least jitter), or None."""
    if hz < line.pll_min_hz:
        return None
    for m in range(2, 64):
        if not _VCO_IN_HZ[0] * m <= source_hz <= _VCO_IN_HZ[1] * m:
            continue
        for p in (2, 4, 6, 8):
            n, rest = divmod(hz * p * m, source_hz)
            vco_hz = hz * p
            if rest == 0 and line.n_min <= n <= N_MAX and line.vco_min_hz <= vco_hz <= line.vco_max_hz:
                return PllF4(m, n, p, max(2, math.ceil(vco_hz / _USB_MAX_HZ)))
    return None


def header_values(
    board: Board, lines: Mapping[str, ChipLine], usarts: Mapping[str, Usart], flash_acceleration: int
) -> dict[str, str]:
    """The constants of ``mn_board.h``; ``flash_acceleration`` are FLASH_ACR's prefetch and cache bits.

    Raises ``BoardError`` for a chip, clock, wait state or UART that does not exist.
    """
    line, hz = line_of(board, lines), board.clock.hz
    there = {name: usart for name, usart in usarts.items() if line.has(name)}
    require_clock_within(board, line.max_hz)
    hse = {"hse_crystal": _CRYSTAL_HZ, "hse_bypass": (_BYPASS_MIN_HZ, line.bypass_max_hz)}
    require_source_within(board, {"hsi": (HSI_HZ, HSI_HZ), **hse})
    require_wait_states(board, min_wait_states(board, lines))
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
        "MN_FLASH_ACCELERATION": f"{flash_acceleration:#x}u",
        **usart_of(board, there).header_values({1: apb1, 2: apb2}),
        **gpio_v2(0x40020000, _AHB1ENR),
        **tim2(_APB1ENR),
    }


def min_wait_states(board: Board, lines: Mapping[str, ChipLine]) -> int:
    """The fewest flash wait states at the board's clock."""
    return wait_states_for(line_of(board, lines).wait_state_hz, board.clock.hz)


def _pll_register(board: Board, line: ChipLine, source_hz: int, *, hsi: bool = False) -> int:
    pll = solve_pll(source_hz, board.clock.hz, line)
    if pll is None:
        raise BoardError(f"board {board.name}: no PLL setting makes {board.clock.hz} Hz from {source_hz} Hz")
    return pll.register(from_hse=not hsi and board.clock.source != "hsi")


def _prescaler(shift: int) -> int:
    """The PPRE field: 1, 2, 4, 8 and 16."""
    return 0 if shift == 0 else 0b100 | shift - 1
