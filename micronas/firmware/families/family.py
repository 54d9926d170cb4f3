"""The interface of a chip family for the build, and code that the families share."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from micronas.board import Board, RegionKind
from micronas.errors import BoardError

_L = TypeVar("_L")


_COUNTERS = {
    "counter_dwt": "DWT CYCCNT",
    "counter_dwt_systick": "DWT CYCCNT",
    "counter_tim2": "TIM2 at the core's clock, as there is no cycle counter",
}


@dataclass(frozen=True)
class Family:
    """One port.

    ``drivers`` are folders of firmware/port that are compiled in addition to ``common`` and the family's own.
    ``header_values`` gives the family's constants of ``mn_board.h`` and raises ``BoardError`` for a clock or
    UART that the chip does not support. ``min_wait_states`` are the fewest flash wait states at the board's
    clock, which the chip must support.
    """

    name: str
    drivers: tuple[str, ...]
    openocd_target: str
    header_values: Callable[[Board], dict[str, str]]
    min_wait_states: Callable[[Board], int]

    @property
    def counter(self) -> str:
        """The counter of core cycles on silicon; emulated machines have none."""
        return next((_COUNTERS[driver] for driver in self.drivers if driver in _COUNTERS), "nothing")


@dataclass(frozen=True)
class Usart:
    """One USART: its registers, its clock enable bit, its interrupt, the peripheral bus it runs on (1, 2).

    ``low_power`` is an LPUART, whose rate divider counts 256ths; ``prescaler`` is whether it has PRESC, for
    low rates that its divider does not reach (driver usart_v2).
    """

    base: int
    clock_register: int
    clock_bit: int
    irq: int
    bus: int
    low_power: bool = False
    prescaler: bool = False

    def header_values(self, bus_shift: Mapping[int, int]) -> dict[str, str]:
        """Its constants; ``bus_shift`` is log2(core clock / bus clock) per bus at the profile's clock."""
        return {
            "MN_UART_BASE": f"{self.base:#x}u",
            "MN_UART_CLOCK_REGISTER": f"{self.clock_register:#x}u",
            "MN_UART_CLOCK_BIT": str(self.clock_bit),
            "MN_UART_IRQ": str(self.irq),
            "MN_UART_LOW_POWER": str(int(self.low_power)),
            "MN_UART_HAS_PRESCALER": str(int(self.prescaler)),
            "MN_UART_APB_SHIFT": str(bus_shift[self.bus]),
        }


def usart_of(board: Board, usarts: Mapping[str, Usart]) -> Usart:
    """The board's USART; raises ``BoardError`` that names the known ones."""
    try:
        return usarts[board.uart.name]
    except KeyError:
        raise BoardError(
            f"board {board.name}: no UART {board.uart.name!r}", remedy=f"known: {', '.join(sorted(usarts))}"
        ) from None


def gpio_v2(base: int, clock_register: int) -> dict[str, str]:
    """Constants of the driver gpio_v2: address of port A, and the enable register whose bit 0 is port A."""
    return {"MN_GPIO_BASE": f"{base:#x}u", "MN_GPIO_CLOCK_REGISTER": f"{clock_register:#x}u"}


def tim2(clock_register: int, clock_bit: int = 0) -> dict[str, str]:
    """Constants of the driver counter_dwt: how to clock a 32-bit TIM2 at 0x40000000."""
    return {"MN_TIM2_CLOCK_REGISTER": f"{clock_register:#x}u", "MN_TIM2_CLOCK_BIT": str(clock_bit)}


CACHE_M7 = {"MN_HAS_CACHES": "1"}
"""Constants of the driver cache_m7."""


def bus_shift(hz: int, limit_hz: int) -> int:
    """Power of two by which the core clock must be divided for a bus to stay within its limit."""
    return max(0, math.ceil(math.log2(hz / limit_hz)))


def line_of(board: Board, lines: Mapping[str, _L]) -> _L:
    """The limits of the board's chip, by its part number; raises ``BoardError`` for an unknown one."""
    for prefix, line in lines.items():
        if board.mcu.startswith(prefix):
            return line
    raise BoardError(
        f"board {board.name}: {board.mcu} is not a known chip of family {board.family}",
        remedy=f"known: {', '.join(sorted(lines))}; add its limits to micronas/firmware/families/",
    )


def require_clock_within(board: Board, max_hz: int) -> None:
    """Raise ``BoardError`` if the profile exceeds the chip's maximum clock."""
    if board.clock.hz > max_hz:
        raise BoardError(
            f"board {board.name}: clock {board.clock.hz} Hz, but {board.mcu} runs at up to {max_hz} Hz"
        )


def require_source_within(board: Board, limits_hz: Mapping[str, tuple[int, int]]) -> None:
    """Raise ``BoardError`` unless the clock's source exists and its rate is within its limits."""
    clock = board.clock
    if clock.source not in limits_hz:
        known = ", ".join(sorted(limits_hz))
        raise BoardError(
            f"board {board.name}: {board.mcu} has no clock source {clock.source!r}", remedy=known
        )
    low, high = limits_hz[clock.source]
    if not low <= clock.source_hz <= high:
        raise BoardError(
            f"board {board.name}: source_hz {clock.source_hz} of {clock.source}, "
            f"but {board.mcu} accepts {low} to {high} Hz"
        )


def wait_states_for(wait_state_hz: Sequence[int], hz: int) -> int:
    """The fewest wait states at ``hz``; ``wait_state_hz[n]`` is the fastest clock with n of them."""
    return next((n for n, limit in enumerate(wait_state_hz) if hz <= limit), len(wait_state_hz))


def require_wait_states(board: Board, needed: int) -> None:
    """Raise ``BoardError`` if the profile gives the flash fewer than ``needed`` wait states."""
    hz = board.clock.hz
    flash = next(r for r in board.regions if r.kind is RegionKind.FLASH)
    if flash.wait_states < needed:
        raise BoardError(
            f"board {board.name}: region {flash.name} has {flash.wait_states} wait states, "
            f"but {board.mcu} needs {needed} at {hz} Hz"
        )
