"""STM32U5 with TrustZone off (TZEN = 0, as shipped).

RM0456: flash chapter for wait states in range 1, PWR for the EPOD booster, RCC for PLL1's limits and the
clock enables, the vector table for interrupt numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

from micronas.board import Board
from micronas.errors import BoardError
from micronas.firmware.families.clock_l4 import HSI_HZ, SOURCES_HZ, mhz, uses_vddio2
from micronas.firmware.families.family import (
    Family,
    Usart,
    gpio_v2,
    require_clock_within,
    require_source_within,
    require_wait_states,
    tim2,
    usart_of,
    wait_states_for,
)

_MSIS_HZ = 4_000_000
WAIT_STATE_HZ = mhz((32, 64, 96, 128, 160))
"""The fastest core clock with n flash wait states in range 1."""
BOOSTER_ABOVE_HZ = 55_000_000
BOOSTER_HZ = (4_000_000, 15_000_000)
"""The booster's clock may be 4 to 16 MHz; with a margin for HSI16, which is not exact."""
VCO_IN_HZ = (4_000_000, 7_000_000)
"""Well inside the input range 4 to 8 MHz (PLL1RGE = 0)."""
VCO_HZ = (128_000_000, 544_000_000)

_AHB2ENR1, _APB1ENR1, _APB2ENR, _APB3ENR = 0x46020C8C, 0x46020C9C, 0x46020CA4, 0x46020CA8

USARTS = {
    "usart1": Usart(0x40013800, _APB2ENR, 14, irq=61, bus=2),
    "usart2": Usart(0x40004400, _APB1ENR1, 17, irq=62, bus=1),
    "usart3": Usart(0x40004800, _APB1ENR1, 18, irq=63, bus=1),
    "uart4": Usart(0x40004C00, _APB1ENR1, 19, irq=64, bus=1),
    "uart5": Usart(0x40005000, _APB1ENR1, 20, irq=65, bus=1),
    "lpuart1": Usart(0x46002400, _APB3ENR, 6, irq=66, bus=3, low_power=True, prescaler=True),
}


@dataclass(frozen=True)
class PllU5:
    """Dividers of PLL1: hz = source_hz / m * n / r; the booster runs from source_hz / boost."""

    m: int
    n: int
    r: int
    boost: int

    def cfgr(self, *, from_hse: bool) -> int:
        """RCC_PLL1CFGR: source, M, booster divider (1, 2, 4, 6, ...), output R on."""
        return 1 << 18 | (self.boost // 2) << 12 | (self.m - 1) << 8 | (3 if from_hse else 2)

    def divr(self) -> int:
        """RCC_PLL1DIVR; P and Q are unused and keep their 2."""
        return (self.r - 1) << 24 | 1 << 16 | 1 << 9 | (self.n - 1)


def solve_pll(source_hz: int, hz: int) -> PllU5 | None:
    """Dividers that give exactly ``hz`` with the fastest PLL input (least jitter), or None."""
    boost = next((d for d in (1, 2, 4, 6, 8) if source_hz <= BOOSTER_HZ[1] * d), None)
    if boost is None or source_hz < BOOSTER_HZ[0] * boost:
        return None
    for m in range(1, 17):
        if not VCO_IN_HZ[0] * m <= source_hz <= VCO_IN_HZ[1] * m:
            continue
        for r in (2, 4, 6, 8):
            n, rest = divmod(hz * r * m, source_hz)
            if rest == 0 and 4 <= n <= 512 and VCO_HZ[0] <= hz * r <= VCO_HZ[1]:
                return PllU5(m, n, r, boost)
    return None


def header_values(board: Board) -> dict[str, str]:
    """The family's constants of ``mn_board.h``; raises ``BoardError`` for an unsupported clock or UART."""
    require_clock_within(board, WAIT_STATE_HZ[-1])
    require_source_within(board, SOURCES_HZ)
    require_wait_states(board, min_wait_states(board))
    profile, hsi = _pll(board, board.clock.source_hz), _pll(board, HSI_HZ)
    return {
        "MN_CLOCK_HSI_HZ": f"{HSI_HZ}u",
        "MN_CLOCK_RESET_HZ": f"{_MSIS_HZ}u",
        "MN_CLOCK_PLLCFGR": f"{profile.cfgr(from_hse=board.clock.source != 'hsi'):#010x}u",
        "MN_CLOCK_PLLDIVR": f"{profile.divr():#010x}u",
        "MN_CLOCK_HSI_PLLCFGR": f"{hsi.cfgr(from_hse=False):#010x}u",
        "MN_CLOCK_HSI_PLLDIVR": f"{hsi.divr():#010x}u",
        "MN_PWR_BOOST": str(int(board.clock.hz > BOOSTER_ABOVE_HZ)),
        "MN_PWR_VDDIO2": str(int(uses_vddio2(board))),
        **usart_of(board, USARTS).header_values({1: 0, 2: 0, 3: 0}),
        **gpio_v2(0x42020000, _AHB2ENR1),
        **tim2(_APB1ENR1),
    }


def min_wait_states(board: Board) -> int:
    """The fewest flash wait states at the board's clock."""
    return wait_states_for(WAIT_STATE_HZ, board.clock.hz)


def _pll(board: Board, source_hz: int) -> PllU5:
    pll = solve_pll(source_hz, board.clock.hz)
    if pll is None:
        raise BoardError(f"board {board.name}: no PLL setting makes {board.clock.hz} Hz from {source_hz} Hz")
    return pll


FAMILY = Family(
    name="stm32u5",
    drivers=("usart_v2", "gpio_v2", "counter_dwt"),
    openocd_target="stm32u5x",
    header_values=header_values,
    min_wait_states=min_wait_states,
)
