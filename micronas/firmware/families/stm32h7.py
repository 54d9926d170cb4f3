"""STM32H742, H743 and H753 (Cortex-M7).

RM0433 table 17: flash wait states by AXI clock and voltage scale; 6.6: voltage scales; 8.5, 8.7: clock tree,
register map. DS12110 6.3.1: clock limits of silicon revision V. USART kernel clocks are the bus clocks after
reset (RCC_D2CCIP2R).
"""

from __future__ import annotations

from dataclasses import dataclass

from micronas.board import Board
from micronas.errors import BoardError
from micronas.firmware.families.family import (
    CACHE_M7,
    Family,
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

HSI_HZ = 64_000_000
_MHZ = 1_000_000
_AHB4ENR, _APB1LENR, _APB2ENR = 0x580244E0, 0x580244E8, 0x580244F0
_SOURCES_HZ = {
    "hsi": (HSI_HZ, HSI_HZ),
    "hse_crystal": (4 * _MHZ, 48 * _MHZ),
    "hse_bypass": (4 * _MHZ, 50 * _MHZ),
}

PLL_IN_HZ = (2 * _MHZ, 16 * _MHZ)
"""Input of PLL1 with its wide VCO."""
VCO_HZ = (192 * _MHZ, 960 * _MHZ)
LINES = {"STM32H742": "RM0433", "STM32H743": "RM0433", "STM32H753": "RM0433"}


@dataclass(frozen=True)
class Scale:
    """A voltage scale and its limits; ``wait_state_hz[n]`` is the fastest AXI clock with n wait states."""

    max_hz: int
    axi_max_hz: int
    apb_max_hz: int
    wait_state_hz: tuple[int, ...]


SCALE_1 = Scale(400 * _MHZ, 200 * _MHZ, 100 * _MHZ, (70 * _MHZ, 140 * _MHZ, 210 * _MHZ))
SCALE_0 = Scale(
    480 * _MHZ, 240 * _MHZ, 120 * _MHZ, (70 * _MHZ, 140 * _MHZ, 210 * _MHZ, 225 * _MHZ, 240 * _MHZ)
)
"""The boost of revision V."""

_USARTS = {
    "usart1": Usart(0x40011000, _APB2ENR, 4, irq=37, bus=2),
    "usart2": Usart(0x40004400, _APB1LENR, 17, irq=38, bus=1),
    "usart3": Usart(0x40004800, _APB1LENR, 18, irq=39, bus=1),
    "uart4": Usart(0x40004C00, _APB1LENR, 19, irq=52, bus=1),
    "uart5": Usart(0x40005000, _APB1LENR, 20, irq=53, bus=1),
    "usart6": Usart(0x40011400, _APB2ENR, 5, irq=71, bus=2),
    "uart7": Usart(0x40007800, _APB1LENR, 30, irq=82, bus=1),
    "uart8": Usart(0x40007C00, _APB1LENR, 31, irq=83, bus=1),
}


@dataclass(frozen=True)
class PllH7:
    """Dividers of PLL1: hz = source_hz / m * n / p."""

    m: int
    n: int
    p: int

    def cksel(self, *, from_hse: bool) -> int:
        """RCC_PLLCKSELR: DIVM1 and the source."""
        return self.m << 4 | (2 if from_hse else 0)

    def cfgr(self, source_hz: int) -> int:
        """RCC_PLLCFGR: output P only, wide VCO, the input range of source_hz / m."""
        in_hz = source_hz // self.m
        input_range = sum(in_hz > limit for limit in (2 * _MHZ, 4 * _MHZ, 8 * _MHZ))
        return 1 << 16 | input_range << 2

    def divr(self) -> int:
        """RCC_PLL1DIVR; Q and R are off and keep their 2."""
        return 1 << 24 | 1 << 16 | (self.p - 1) << 9 | (self.n - 1)


def solve_pll(source_hz: int, hz: int) -> PllH7 | None:
    """Dividers that give exactly ``hz`` with the fastest PLL input (least jitter), or None."""
    for m in range(1, 64):
        if not PLL_IN_HZ[0] * m <= source_hz <= PLL_IN_HZ[1] * m:
            continue
        for p in range(2, 129, 2):
            n, rest = divmod(hz * p * m, source_hz)
            if rest == 0 and 4 <= n <= 512 and VCO_HZ[0] <= hz * p <= VCO_HZ[1]:
                return PllH7(m, n, p)
    return None


def write_delay(axi_hz: int) -> int:
    """WRHIGHFREQ of FLASH_ACR by AXI clock, the same in voltage scales 0 and 1."""
    return sum(axi_hz > limit for limit in (70 * _MHZ, 185 * _MHZ))


def _header_values(board: Board) -> dict[str, str]:
    line_of(board, LINES)
    hz = board.clock.hz
    require_clock_within(board, SCALE_0.max_hz)
    require_source_within(board, _SOURCES_HZ)
    scale = _scale(hz)
    ahb = bus_shift(hz, scale.axi_max_hz)
    axi_hz = hz >> ahb
    apb = bus_shift(axi_hz, scale.apb_max_hz)
    require_wait_states(board, _min_wait_states(board))
    wait_states = next(r for r in board.regions if r.name == "flash").wait_states
    hpre = 0 if ahb == 0 else 0b1000 | ahb - 1
    ppre = 0 if apb == 0 else 0b100 | apb - 1
    return {
        "MN_CLOCK_HSI_HZ": f"{HSI_HZ}u",
        "MN_CLOCK_VOS0": str(int(scale is SCALE_0)),
        "MN_CLOCK_D1CFGR": f"{ppre << 4 | hpre:#x}u",
        "MN_CLOCK_D2CFGR": f"{ppre << 8 | ppre << 4:#x}u",
        "MN_CLOCK_D3CFGR": f"{ppre << 4:#x}u",
        "MN_FLASH_ACR": f"{write_delay(axi_hz) << 4 | wait_states:#x}u",
        **_pll_values(board, "MN_CLOCK", board.clock.source_hz, from_hse=board.clock.source != "hsi"),
        **_pll_values(board, "MN_CLOCK_HSI", HSI_HZ, from_hse=False),
        **usart_of(board, _USARTS).header_values({1: ahb + apb, 2: ahb + apb}),
        **gpio_v2(0x58020000, _AHB4ENR),
        **tim2(_APB1LENR),
        **CACHE_M7,
    }


def _scale(hz: int) -> Scale:
    return SCALE_1 if hz <= SCALE_1.max_hz else SCALE_0


def _min_wait_states(board: Board) -> int:
    """By the AXI clock, which also clocks the flash."""
    scale = _scale(board.clock.hz)
    axi_hz = board.clock.hz >> bus_shift(board.clock.hz, scale.axi_max_hz)
    return wait_states_for(scale.wait_state_hz, axi_hz)


def _pll_values(board: Board, prefix: str, source_hz: int, *, from_hse: bool) -> dict[str, str]:
    pll = solve_pll(source_hz, board.clock.hz)
    if pll is None:
        raise BoardError(f"board {board.name}: no PLL setting makes {board.clock.hz} Hz from {source_hz} Hz")
    return {
        f"{prefix}_PLLCKSELR": f"{pll.cksel(from_hse=from_hse):#x}u",
        f"{prefix}_PLLCFGR": f"{pll.cfgr(source_hz):#x}u",
        f"{prefix}_PLL1DIVR": f"{pll.divr():#x}u",
    }


FAMILY = Family(
    name="stm32h7",
    drivers=("usart_v2", "gpio_v2", "counter_dwt", "cache_m7"),
    openocd_target="stm32h7x",
    header_values=_header_values,
    min_wait_states=_min_wait_states,
)
