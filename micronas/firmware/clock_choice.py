"""A board at another core clock than its profile's, to compare with results published at that clock."""

from __future__ import annotations

from collections.abc import Mapping

from micronas.board import Board, RegionKind, load_board
from micronas.errors import BoardError
from micronas.firmware.families import Family, family_of

_MHZ = 1_000_000
_ENOUGH_WAIT_STATES = 15
_BAUD_TOLERANCE = 1 / 64
"""As the firmware's (firmware/src/mn_baud.c): half of the total error that an 8N1 line tolerates."""


def board_at(name: str, clock_mhz: float | None) -> Board:
    """The board ``name``, at ``clock_mhz`` if given; raises ``BoardError`` as ``at_clock`` does."""
    board = load_board(name)
    return board if clock_mhz is None else at_clock(board, round(clock_mhz * _MHZ))


def at_clock(board: Board, hz: int) -> Board:
    """``board`` at ``hz``, with the fewest flash wait states that the manual allows at this clock.

    Source, pins and memory are unchanged, and so are the cycles per emulated instruction, as the new
    ``timing.source`` states. Raises ``BoardError`` with the reason and the nearest available clocks if the
    family's clock code or the UART does not support it.
    """
    if hz == board.clock.hz:
        return board
    family = family_of(board)
    try:
        changed = _changed(board, family, hz)
    except BoardError as error:
        raise BoardError(error.message, remedy=_nearest(board, family, hz)) from error
    before, after = board.region("flash").wait_states, changed.region("flash").wait_states
    source = (
        f"{board.timing.source.rstrip()}; that is for {board.clock.hz / _MHZ:g} MHz with {before} wait "
        f"states, here the clock is {hz / _MHZ:g} MHz with {after}"
    )
    return changed.model_copy(update={"timing": board.timing.model_copy(update={"source": source})})


def _changed(board: Board, family: Family, hz: int) -> Board:
    """``board`` at ``hz``, verified by the family's constants."""
    family.header_values(_with(board, hz, _ENOUGH_WAIT_STATES))
    changed = _with(board, hz, family.min_wait_states(_with(board, hz, _ENOUGH_WAIT_STATES)))
    _require_uart(changed, family.header_values(changed))
    return changed


def _with(board: Board, hz: int, wait_states: int) -> Board:
    regions = tuple(
        r.model_copy(update={"wait_states": wait_states}) if r.kind is RegionKind.FLASH else r
        for r in board.regions
    )
    clock = board.clock.model_copy(update={"hz": hz})
    return board.model_copy(update={"clock": clock, "regions": regions})


def _require_uart(board: Board, values: Mapping[str, str]) -> None:
    """Raise ``BoardError`` unless the UART makes the profile's rate (firmware/port/usart_*)."""
    uart_hz, baud = board.clock.hz >> int(values["MN_UART_APB_SHIFT"]), board.uart.baud
    low_power = values["MN_UART_LOW_POWER"] == "1"
    scale, least = (256, 0x300) if low_power else (1, 16)
    divider = max(least, round(scale * uart_hz / baud))
    made = scale * uart_hz / divider
    if abs(made - baud) > baud * _BAUD_TOLERANCE:
        raise BoardError(
            f"board {board.name}: {board.uart.name} makes {made:.0f} baud from {uart_hz} Hz, not {baud}, "
            f"at a core clock of {board.clock.hz} Hz"
        )


def _nearest(board: Board, family: Family, hz: int) -> str:
    """The nearest available whole megahertz below and above, up to the chip's maximum."""

    def can(mhz: int) -> bool:
        try:
            _changed(board, family, mhz * _MHZ)
        except BoardError:
            return False
        return True

    most = max(board.clock.hz // _MHZ, 1)
    below = next((m for m in range(min(hz // _MHZ, most), 0, -1) if can(m)), None)
    above = next((m for m in range(hz // _MHZ + 1, most + 1) if can(m)), None)
    found = " and ".join(f"{m} MHz" for m in (below, above) if m is not None)
    return f"nearest available: {found}" if found else "use the clock of the profile"
