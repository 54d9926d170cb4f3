"""Constants of the driver clock_l4: PLL, wait states and voltage of L4, L4+, L5, G0 and G4.

Each family states its limits in a ``Chip``; the sources are named there. The PLL's input is kept between 4
and 8 MHz, which the manuals of all five allow (L4 and L5: 4 to 16 MHz, L4+, G0 and G4: 2.66 to 8 or 16 MHz).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from micronas.board import Board
from micronas.errors import BoardError
from micronas.firmware.families.family import (
    require_clock_within,
    require_source_within,
    require_wait_states,
    wait_states_for,
)

HSI_HZ = 16_000_000
SOURCES_HZ = {
    "hsi": (HSI_HZ, HSI_HZ),
    "hse_crystal": (4_000_000, 48_000_000),
    "hse_bypass": (4_000_000, 48_000_000),
}
VCO_IN_HZ = (4_000_000, 8_000_000)
HALF_FIRST_ABOVE_HZ = 80_000_000
"""Above it the core must run at half the rate for a microsecond first (L4+, L5 and G4; PWR chapters)."""

_APB1ENR1, _PREFETCH_AND_CACHES, _ICACHE_ONLY = 0x40021058, 7 << 8, 0


@dataclass(frozen=True)
class Fields:
    """Differences between the chips' RCC and PWR; the rest of the driver is the same for all."""

    sw_bits: int = 2
    sw_hsi: int = 1
    sw_pll: int = 3
    hpre_shift: int = 4
    prescalers: int = 0x3FF0
    """HPRE, PPRE1 and PPRE2 of RCC_CFGR."""
    r_in_steps_of_two: bool = True
    """PLLR holds 2, 4, 6, 8 in bits 26:25, REN is bit 24; else 2 to 8 in 31:29 and bit 28."""
    pwr_clock_register: int = _APB1ENR1
    accelerators: int = _PREFETCH_AND_CACHES
    has_icache: bool = False


@dataclass(frozen=True)
class VoltageMode:
    """One voltage mode; ``wait_state_hz[n]`` is its fastest core clock with n flash wait states."""

    vos: int
    wait_state_hz: tuple[int, ...]
    boost: bool = False

    @property
    def max_hz(self) -> int:
        """The fastest core clock of this mode."""
        return self.wait_state_hz[-1]


@dataclass(frozen=True)
class Chip:
    """The limits of one line of chips; ``modes`` from the slowest to the fastest.

    ``start_wait_states`` are those of HSI16 in the voltage range after reset, where the port starts;
    ``pll_min_hz`` is the slowest output R of the PLL.
    """

    modes: tuple[VoltageMode, ...]
    max_m: int
    n: range
    vco_hz: tuple[int, int]
    reset_hz: int
    fields: Fields
    start_wait_states: int = 0
    pll_min_hz: int = 8_000_000

    @property
    def max_hz(self) -> int:
        """The fastest core clock of the chip."""
        return self.modes[-1].max_hz

    def mode(self, hz: int) -> VoltageMode:
        """The lowest voltage that allows ``hz``, which must not be above ``max_hz``."""
        return next(mode for mode in self.modes if hz <= mode.max_hz)


@dataclass(frozen=True)
class PllL4:
    """Dividers of the PLL: hz = source_hz / m * n / r."""

    m: int
    n: int
    r: int

    def register(self, fields: Fields, *, from_hse: bool) -> int:
        """RCC_PLLCFGR with output R, the core's, enabled."""
        r_bits = (
            (self.r // 2 - 1) << 25 | 1 << 24 if fields.r_in_steps_of_two else (self.r - 1) << 29 | 1 << 28
        )
        return r_bits | self.n << 8 | (self.m - 1) << 4 | (3 if from_hse else 2)


def solve_pll(source_hz: int, hz: int, chip: Chip) -> PllL4 | None:
    """Dividers that give exactly ``hz`` with the fastest PLL input (least jitter), or None."""
    if hz < chip.pll_min_hz:
        return None
    for m in range(1, chip.max_m + 1):
        if not VCO_IN_HZ[0] * m <= source_hz <= VCO_IN_HZ[1] * m:
            continue
        for r in (2, 4, 6, 8):
            n, rest = divmod(hz * r * m, source_hz)
            if rest == 0 and n in chip.n and chip.vco_hz[0] <= hz * r <= chip.vco_hz[1]:
                return PllL4(m, n, r)
    return None


def clock_l4(board: Board, chip: Chip) -> dict[str, str]:
    """Constants of the driver; raises ``BoardError`` for a clock or wait states that the chip does not
    support.
    """
    hz, fields = board.clock.hz, chip.fields
    require_clock_within(board, chip.max_hz)
    require_source_within(board, SOURCES_HZ)
    mode = chip.mode(hz)
    require_wait_states(board, min_wait_states(board, chip))
    return {
        "MN_CLOCK_HSI_HZ": f"{HSI_HZ}u",
        "MN_CLOCK_RESET_HZ": f"{chip.reset_hz}u",
        "MN_CLOCK_PLLCFGR": f"{_pll_register(board, chip, board.clock.source_hz):#010x}u",
        "MN_CLOCK_HSI_PLLCFGR": f"{_pll_register(board, chip, HSI_HZ, hsi=True):#010x}u",
        "MN_CLOCK_HALF_FIRST": str(int(hz > HALF_FIRST_ABOVE_HZ)),
        "MN_PWR_CLOCK_REGISTER": f"{fields.pwr_clock_register:#x}u",
        "MN_PWR_VOS": f"{mode.vos}u",
        "MN_PWR_BOOST": str(int(mode.boost)),
        "MN_PWR_VDDIO2": str(int(uses_vddio2(board))),
        "MN_RCC_SW_BITS": str(fields.sw_bits),
        "MN_RCC_SW_HSI": f"{fields.sw_hsi}u",
        "MN_RCC_SW_PLL": f"{fields.sw_pll}u",
        "MN_RCC_HPRE_SHIFT": str(fields.hpre_shift),
        "MN_RCC_PRESCALERS": f"{fields.prescalers:#x}u",
        "MN_FLASH_ACCELERATORS": f"{fields.accelerators:#x}u",
        "MN_HAS_ICACHE": str(int(fields.has_icache)),
    }


def min_wait_states(board: Board, chip: Chip) -> int:
    """The fewest flash wait states at the board's clock."""
    fewest = wait_states_for(chip.mode(board.clock.hz).wait_state_hz, board.clock.hz)
    return max(fewest, chip.start_wait_states)


def uses_vddio2(board: Board) -> bool:
    """Whether a UART pin is among PG2 to PG15, which VDDIO2 supplies on chips with a port G."""
    return any(_is_vddio2(pin) for pin in (board.uart.tx, board.uart.rx))


def mhz(limits: Iterable[int]) -> tuple[int, ...]:
    """Megahertz as the manuals print them -> hertz."""
    return tuple(limit * 1_000_000 for limit in limits)


def _is_vddio2(pin: str) -> bool:
    return pin.startswith("PG") and pin not in ("PG0", "PG1")


def _pll_register(board: Board, chip: Chip, source_hz: int, *, hsi: bool = False) -> int:
    pll = solve_pll(source_hz, board.clock.hz, chip)
    if pll is None:
        raise BoardError(f"board {board.name}: no PLL setting makes {board.clock.hz} Hz from {source_hz} Hz")
    return pll.register(chip.fields, from_hse=not hsi and board.clock.source != "hsi")
