"""The board's constants as a C header, ``mn_board.h``: everything that the firmware knows about its board."""

from __future__ import annotations

import re

from micronas.board import Board, RegionKind
from micronas.errors import BoardError
from micronas.firmware.families import family_of

_CLOCK_SOURCES = {
    "hsi": "MN_CLOCK_HSI",
    "hse_bypass": "MN_CLOCK_HSE_BYPASS",
    "hse_crystal": "MN_CLOCK_HSE_CRYSTAL",
}


def board_header(board: Board, *, ram_code: bool = False) -> str:
    """Text of ``mn_board.h``; raises ``BoardError`` for an unsupported family, clock or pin.

    ``ram_code``: some code runs from RAM, where the firmware copies it at its start.
    """
    values = {**_common_values(board), **family_of(board).header_values(board)}
    if ram_code:
        values["MN_RAM_CODE"] = "1"
    lines = "\n".join(f"#define {name} {value}" for name, value in values.items())
    return (
        f"/* {board.title}: generated from its profile. {board.reference}. */\n"
        f"#ifndef MN_BOARD_H\n#define MN_BOARD_H\n\n{lines}\n\n#endif\n"
    )


def _common_values(board: Board) -> dict[str, str]:
    flash = next(r for r in board.regions if r.kind is RegionKind.FLASH)
    tx_port, tx_pin = _pin(board, board.uart.tx)
    rx_port, rx_pin = _pin(board, board.uart.rx)
    if board.clock.source not in _CLOCK_SOURCES:
        raise BoardError(f"board {board.name}: the firmware cannot start a clock from {board.clock.source!r}")
    return {
        "MN_BOARD_NAME": f'"{board.name}"',
        "MN_CORE_NAME": f'"{board.core.value}"',
        "MN_CLOCK_HZ": f"{board.clock.hz}u",
        "MN_CLOCK_SOURCE": _CLOCK_SOURCES[board.clock.source],
        "MN_FLASH_WAIT_STATES": f"{flash.wait_states}u",
        "MN_UART_BAUD": f"{board.uart.baud}u",
        "MN_UART_TX_PORT": f"{tx_port}u",
        "MN_UART_TX_PIN": f"{tx_pin}u",
        "MN_UART_RX_PORT": f"{rx_port}u",
        "MN_UART_RX_PIN": f"{rx_pin}u",
        "MN_UART_AF": f"{board.uart.alternate_function}u",
        "MN_UART_RX_AF": f"{_rx_function(board)}u",
    }


def _rx_function(board: Board) -> int:
    uart = board.uart
    return uart.alternate_function if uart.rx_alternate_function is None else uart.rx_alternate_function


def _pin(board: Board, name: str) -> tuple[int, int]:
    match = re.fullmatch(r"P([A-K])(\d{1,2})", name)
    if match is None or int(match[2]) > 15:
        raise BoardError(f"board {board.name}: {name!r} is not a pin (PA0 .. PK15)")
    return ord(match[1]) - ord("A"), int(match[2])
