"""``micronas devices``: the attached probes and ports, and the commands to use them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from micronas.cli.output import print_json, print_table, program, typed

if TYPE_CHECKING:
    from micronas.device.attached import Attached

HEADER = ("probe or port", "serial number", "port", "board (guess)", "held by")


def devices(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List debug probes and serial ports: serial number, likely board, program that uses it, next command.

    Nothing is opened. The board is guessed from the name of the probe's drive, if it has one.
    """
    from micronas.board import board_files
    from micronas.device.attached import attached

    found = attached(sorted(board_files()))
    if as_json:
        print_json([_to_json(each) for each in found])
        return
    if not found:
        print(f"No debug probe and no serial port is attached.\n\nNext:\n  {program()} doctor")
        return
    print_table("", HEADER, [_row(each) for each in found])
    print("\nNext:")
    for each in found:
        print(f"  {_command(each)}")


def _row(each: Attached) -> tuple[str, ...]:
    boards = " or ".join(each.boards)
    return (each.what, each.serial or "none", each.port or "none", boards, ", ".join(each.held_by))


def _command(each: Attached) -> str:
    """How to use it; if a program holds it, close that first."""
    if each.held_by:
        return f"close {', '.join(each.held_by)} to use {each.port}"
    board = each.boards[0] if len(each.boards) == 1 else "BOARD"
    start = f"{program()} flash MODEL.tflite --board {board}"
    if not each.is_probe:
        return f"{start} --port {typed(each.port)}    # if a board is on it"
    if not each.port:
        return f"{start} --probe {each.serial or 'SERIAL'} --port PORT    # a probe without a port"
    return f"{start} --probe {each.serial}" if each.serial else f"{start} --port {typed(each.port)}"


def _to_json(each: Attached) -> dict[str, Any]:
    return {
        "what": each.what,
        "probe": each.is_probe,
        "serial": each.serial or None,
        "port": each.port or None,
        "boards": list(each.boards),
        "held_by": list(each.held_by),
        "next": _command(each),
    }
