"""STM32F1 (Cortex-M3): F103 and the F100 value line.

RM0008 7.3.2 and DS5319 (F103), RM0041 6.3.2 and DS6113 (F100): clock limits and the fields of RCC_CFGR;
RM0008 3.3.3: flash wait states; the vector tables for interrupt numbers. TIM2 has 16 bits: no counter.
"""

from __future__ import annotations

from dataclasses import dataclass

from micronas.board import Board
from micronas.errors import BoardError
from micronas.firmware.families.family import (
    Family,
    Usart,
    bus_shift,
    line_of,
    require_clock_within,
    require_source_within,
    require_wait_states,
    usart_of,
    wait_states_for,
)

HSI_HZ = 8_000_000
_MHZ = 1_000_000
_APB1ENR, _APB2ENR = 0x4002101C, 0x40021018
PLL_MIN_HZ = 16 * _MHZ
"""The slowest output of the PLL (DS5319 and DS6113, PLL characteristics)."""
_PREFETCH = 1 << 4
_LATENCY_MASK = 0b111


@dataclass(frozen=True)
class F1Line:
    """Limits of one line of chips.

    ``wait_state_hz[n]`` is the fastest core clock with n wait states; ``has_latency`` is whether FLASH_ACR
    has them at all; ``fallback_hz`` the fastest clock that the PLL makes from HSI and all buses support.
    """

    max_hz: int
    apb1_max_hz: int
    crystal_hz: tuple[int, int]
    bypass_hz: tuple[int, int]
    wait_state_hz: tuple[int, ...]
    has_latency: bool
    fallback_hz: int


LINES = {
    "STM32F100": F1Line(
        24 * _MHZ,
        24 * _MHZ,
        (4 * _MHZ, 24 * _MHZ),
        (1 * _MHZ, 24 * _MHZ),
        (24 * _MHZ,),
        False,
        24 * _MHZ,
    ),
    "STM32F103": F1Line(
        72 * _MHZ,
        36 * _MHZ,
        (4 * _MHZ, 16 * _MHZ),
        (1 * _MHZ, 25 * _MHZ),
        (24 * _MHZ, 48 * _MHZ, 72 * _MHZ),
        True,
        36 * _MHZ,
    ),
}
_USARTS = {
    "usart1": Usart(0x40013800, _APB2ENR, 14, irq=37, bus=2),
    "usart2": Usart(0x40004400, _APB1ENR, 17, irq=38, bus=1),
    "usart3": Usart(0x40004800, _APB1ENR, 18, irq=39, bus=1),
}
_DEFAULT_PINS = {"usart1": ("PA9", "PA10"), "usart2": ("PA2", "PA3"), "usart3": ("PB10", "PB11")}


def pll_field(source_hz: int, hz: int, *, from_hse: bool) -> int | None:
    """PLLMUL, PLLXTPRE and PLLSRC of RCC_CFGR for ``hz`` = (``source_hz`` or its half) x 2 to 16, or None.

    HSI is always halved; the PLL makes no less than 16 MHz.
    """
    if hz < PLL_MIN_HZ:
        return None
    for halved in (0, 1) if from_hse else (1,):
        multiplier, rest = divmod(hz << halved, source_hz)
        if rest == 0 and 2 <= multiplier <= 16:
            return multiplier - 2 << 18 | (halved << 17 | 1 << 16 if from_hse else 0)
    return None


def fallback_hz(line: F1Line, hz: int) -> int:
    """The fastest clock from HSI that is not faster than ``hz``, whose wait states it uses."""
    step = HSI_HZ // 2
    return min(line.fallback_hz, hz // step * step)


def _header_values(board: Board) -> dict[str, str]:
    line, hz = line_of(board, LINES), board.clock.hz
    require_clock_within(board, line.max_hz)
    hse = {"hse_crystal": line.crystal_hz, "hse_bypass": line.bypass_hz}
    require_source_within(board, {"hsi": (HSI_HZ, HSI_HZ), **hse})
    require_wait_states(board, _min_wait_states(board))
    _require_default_pins(board)
    apb1 = bus_shift(hz, line.apb1_max_hz)
    ppre1 = 0 if apb1 == 0 else 0b100 | apb1 - 1
    cfgr, slower = _pll_field(board, hz) | ppre1 << 8, fallback_hz(line, hz)
    wait_states = next(r for r in board.regions if r.name == "flash").wait_states
    return {
        "MN_CLOCK_HSI_HZ": f"{HSI_HZ}u",
        "MN_CLOCK_CFGR": f"{cfgr:#x}u",
        "MN_CLOCK_FALLBACK_HZ": f"{slower}u",
        "MN_CLOCK_FALLBACK_CFGR": f"{pll_field(HSI_HZ, slower, from_hse=False):#x}u",
        "MN_FLASH_ACR_MASK": f"{_PREFETCH | _LATENCY_MASK if line.has_latency else 0:#x}u",
        "MN_FLASH_ACR": f"{_PREFETCH | wait_states if line.has_latency else 0:#x}u",
        **usart_of(board, _USARTS).header_values({1: apb1, 2: 0}),
    }


def _min_wait_states(board: Board) -> int:
    return wait_states_for(line_of(board, LINES).wait_state_hz, board.clock.hz)


def _pll_field(board: Board, hz: int) -> int:
    clock = board.clock
    field = pll_field(clock.source_hz, hz, from_hse=clock.source != "hsi")
    if field is None:
        raise BoardError(f"board {board.name}: no PLL setting makes {hz} Hz from {clock.source_hz} Hz")
    return field


def _require_default_pins(board: Board) -> None:
    pins = _DEFAULT_PINS.get(board.uart.name)
    if pins is not None and (board.uart.tx, board.uart.rx) != pins:
        raise BoardError(
            f"board {board.name}: {board.uart.name} on {board.uart.tx}, {board.uart.rx}, "
            f"but on an STM32F1 it is on {', '.join(pins)}",
            remedy="remapped pins (AFIO_MAPR) are not supported",
        )


FAMILY = Family(
    name="stm32f1",
    drivers=("usart_v1", "gpio_v1", "counter_dwt_systick"),
    openocd_target="stm32f1x",
    header_values=_header_values,
    min_wait_states=_min_wait_states,
)
