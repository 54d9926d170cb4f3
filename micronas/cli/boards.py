"""``micronas boards``: the available boards and their properties."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from micronas.cli.options import BoardArgument, FromBoardOption
from micronas.cli.output import kb, print_json, print_table, print_wrapped, program

if TYPE_CHECKING:
    from micronas.board import Board

app = typer.Typer(help="List the boards, show one, or start one.", invoke_without_command=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

HEADER = ("board", "core", "MHz", "flash", "SRAM", "more RAM", "QEMU", "silicon")
UNTESTED = "untested"


@app.callback()
def list_boards(
    context: typer.Context,
    model: Annotated[
        Path | None, typer.Option("--for", help="int8 .tflite file: list the boards that it fits.")
    ] = None,
    run: Annotated[
        bool,
        typer.Option("--run/--no-run", help="With --for: run it in QEMU, once per core, to get its latency."),
    ] = True,
    as_json: Json = False,
) -> None:
    """List the boards: core, clock, memory, and where they were tested.

    The tests compile the firmware of every board and compare its image with the profile.
    With --for MODEL: which boards it fits, bytes to spare, and its emulated latency, fastest first; exit code
    1 if it fits none.
    """
    if context.invoked_subcommand is not None:
        return
    if model is not None:
        from micronas.cli.which_board import print_boards_for

        if not print_boards_for(model, run=run, as_json=as_json):
            raise typer.Exit(1)
        return
    from micronas.board import read_boards

    boards, refused = read_boards()
    if as_json:
        print_json([_summary(board) for board in boards])
        return
    _print_list(boards)
    for error in refused:
        print(f"\nleft out: {error}")


def _print_list(boards: Sequence[Board]) -> None:
    """The boards in 80 columns; a column for silicon only if there is anything to say."""
    tested = any(board.silicon for board in boards)
    header = (*HEADER[:6], "QEMU has", *(HEADER[7:] if tested else ()))
    print_table("", header, [_short_row(board, tested) for board in boards])
    if not tested:
        print("\nNone of them has been tested on silicon yet.")
    print(f"Next:\n  {program()} boards show NAME")


def _short_row(board: Board, tested: bool) -> tuple[str, ...]:
    name, core, *memory, _, silicon = row(board)
    core = core.removeprefix("cortex-").upper().replace("PLUS", "+")
    return (name, core, *memory, _chip(board), *((silicon,) if tested else ()))


def _chip(board: Board) -> str:
    """What QEMU models of the board, in two words."""
    if board.emulator is None:
        return "nothing"
    from micronas.board.twin import twin_of

    if twin_of(board) is not None:
        return "its core"
    return "its chip" if board.emulator.own_chip else "similar chip"


@app.command("show", short_help="Show everything about one board.")
def show(name: BoardArgument, as_json: Json = False) -> None:
    """Show one board: memory map, clock, UART, upload, emulator, and the source of its timing.

    A profile for which no firmware can be built is refused with the reason.
    """
    from micronas.board import load_board
    from micronas.firmware.families import family_of

    board = load_board(name)
    family = family_of(board)
    family.header_values(board)  # all chip limits that a build checks
    counter = family.counter
    if as_json:
        print_json({**_summary(board), "counter": counter, "profile": board.model_dump(mode="json")})
        return
    print_wrapped(f"{board.name}: {board.title} ({board.mcu}, {board.core.value}, {board.family})", 2)
    print_wrapped(f"  clock     {board.clock.hz / 1e6:g} MHz from {board.clock.source}", 12)
    print_wrapped(f"  published {published(board)}", 12)
    for region in board.regions:
        wait = f", {region.wait_states} wait states" if region.wait_states else ""
        print(f"  {region.name:<9} {kb(region.length)} at {region.origin:#010x} ({region.kind.value}{wait})")
    if (code := board.code_memory) is not None:
        print(f"  code      {kb(code.length)} at {code.origin:#010x} may hold kernels (--prefer latency)")
    print_wrapped(
        f"  stack     {kb(board.stack_bytes)} of sram; the arena is in {_arena_memories(board)}", 12
    )
    uart = board.uart
    print_wrapped(f"  uart      {uart.name}, TX {uart.tx}, RX {uart.rx}, {uart.baud} baud", 12)
    print_wrapped(f"  counter   {counter}", 12)
    print_wrapped(f"  upload    {board.upload.protocol}, PlatformIO board {board.platformio_board}", 12)
    print_wrapped(f"  QEMU      {emulated(board)}", 12)
    print_wrapped(f"  silicon   {board.silicon or UNTESTED}", 12)
    print_wrapped(f"  timing    {board.timing.cycles_per_instruction:g} cycles per emulated instruction", 12)
    print_wrapped(f"            ({' '.join(board.timing.source.split())})", 12)
    print_wrapped(f"  latency   {_modelled(board)}", 12)
    print_wrapped(f"  reference {board.reference}", 12)


@app.command("new", short_help="Start a profile of your own board.")
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the new board, for example my_board.")],
    source: FromBoardOption,
    out: Annotated[Path, typer.Option(help="Folder of your boards.")] = Path("boards"),
) -> None:
    """Start a profile of your own board from another board's profile."""
    from micronas.cli.new_board import write_profile

    write_profile(name, source, out)


def _modelled(board: Board) -> str:
    """The range of the board's modelled latencies, and the source of its model."""
    from micronas.errors import BoardError
    from micronas.latency.core_model import core_models, timing_model

    try:
        timing = timing_model(board)
    except BoardError as error:
        return f"not modelled: {error.message}"
    measured = board.calibration
    source = core_models()[board.core].source if measured is None else measured.source
    states = f"{timing.wait_states} wait states"
    return f"modelled within {100 * timing.error:.0f} % at {states} ({' '.join(source.split())})"


def published(board: Board) -> str:
    """The clock, engine and source of published results for this board."""
    known = board.published
    if known is None:
        return "none known"
    return f"{known.clock_hz / 1e6:g} MHz: {known.engine} ({' '.join(known.source.split())})"


def _arena_memories(board: Board) -> str:
    from micronas.board.arena_location import separate_memories, whole_memories

    names, banks = ([str(m) for m in found(board)] for found in (whole_memories, separate_memories))
    whole = names[0] if len(names) == 1 else f"the first of {', '.join(names)} that is large enough"
    return whole if len(banks) == 1 else f"{whole}, else over {' and '.join(banks)}"


def row(board: Board) -> tuple[str, ...]:
    """The board as a line of the table; cells as in ``HEADER``."""
    return (
        board.name,
        board.core.value,
        f"{board.clock.hz / 1e6:g}",
        kb(board.flash_bytes),
        kb(board.sram_bytes),
        kb(_more_ram_bytes(board)) if _more_ram_bytes(board) else "",
        emulated(board),
        board.silicon or UNTESTED,
    )


def emulated(board: Board) -> str:
    """The QEMU machine, and whether it runs this board's own image and has its chip."""
    if board.emulator is None:
        return "nothing"
    from micronas.board.arena_location import ArenaLocation, whole_memories
    from micronas.board.twin import has_memory, twin_of

    machine = board.emulator.machine
    if twin_of(board) is not None:
        return f"{machine} (proxy for the core)"
    locations = (ArenaLocation((memory,)) for memory in whole_memories(board))
    image = "own image" if all(has_memory(board, at) for at in locations) else "arena in sram"
    return f"{machine} ({image}, {'own' if board.emulator.own_chip else 'another'} chip)"


def _more_ram_bytes(board: Board) -> int:
    """RAM for data, apart from ``sram``."""
    return sum(r.length for r in board.regions if r.kind.holds_data) - board.sram_bytes


def _summary(board: Board) -> dict[str, Any]:
    return {
        "name": board.name,
        "title": board.title,
        "mcu": board.mcu,
        "core": board.core.value,
        "mhz": board.clock.hz / 1e6,
        "flash_bytes": board.flash_bytes,
        "sram_bytes": board.sram_bytes,
        "more_ram_bytes": _more_ram_bytes(board),
        "emulator": board.emulator.machine if board.emulator else None,
        "own_chip": board.emulator.own_chip if board.emulator else None,
        "emulated": emulated(board),
        "published": board.published.model_dump() if board.published else None,
        "silicon": board.silicon,
    }
