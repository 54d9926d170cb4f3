"""``micronas devices``: the attached probes and ports, and the commands to use them."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from micronas.cli.output import print_json, print_table, program, typed

if TYPE_CHECKING:
    from micronas.device.attached import Attached

CLUSTER_HEADER = ("board", "probe or port", "machine", "state")
HEADER = ("probe or port", "serial number", "port", "board (guess)", "held by")


def devices(
    ray: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="List the boards of a Ray cluster in place of this machine's."),
    ] = None,
    resources: Annotated[
        str | None,
        typer.Option(
            metavar="BOARD",
            help="Print this machine's probes as resources for `ray start`: all are boards of this profile.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List debug probes and serial ports: serial number, likely board, program that uses it, next command.

    Nothing is opened. The board is guessed from the name of the probe's drive, if it has one.
    """
    from micronas.board import board_files
    from micronas.device.attached import attached

    if ray is not None:
        _list_cluster(ray, as_json)
        return
    found = attached(sorted(board_files()))
    if resources is not None:
        print(json.dumps(_resources(found, resources)))
        return
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


def _list_cluster(address: str, as_json: bool) -> None:
    """The boards that the nodes of a cluster have as resources, and which of them measure now."""
    from micronas.board import board_files
    from micronas.search.pool.cluster import cluster_boards

    found = cluster_boards(address, board_files())
    if as_json:
        print_json([asdict(board) for board in found])
        return
    if not found:
        start = f'ray start --address HOST:PORT --resources "$({program()} devices --resources BOARD)"'
        print(f"The Ray cluster at {address} has no board.\n\nNext, on a machine with boards:\n  {start}")
        return
    rows = [(b.profile, b.name, b.host, "measures for a search" if b.in_use else "free") for b in found]
    print_table("", CLUSTER_HEADER, rows)


def _resources(found: list[Attached], board: str) -> dict[str, int]:
    """Raises ``BoardError`` for an unknown profile, ``DeviceError`` if a probe is of another board."""
    from micronas.board import load_board
    from micronas.errors import DeviceError
    from micronas.search.pool.cluster import resource_of

    name = load_board(board).name
    probes = [each for each in found if each.is_probe and each.serial and each.port]
    other = next((each for each in probes if each.boards and name not in each.boards), None)
    if other is not None:
        raise DeviceError(
            f"probe {other.serial} is of {' or '.join(other.boards)}, not of {name}",
            remedy="disconnect it, or write the resources yourself: "
            f"--resources '{{\"{resource_of(name, 'SERIAL')}\": 1}}'",
        )
    return {resource_of(name, each.serial): 1 for each in probes}


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
