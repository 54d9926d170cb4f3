"""``micronas boards``: the boards there are, and what is known of each."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from micronas.cli.output import kb, print_json, print_table

app = typer.Typer(help="List the boards, or show one.", invoke_without_command=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.callback()
def list_boards(context: typer.Context, as_json: Json = False) -> None:
    """List the boards."""
    if context.invoked_subcommand is not None:
        return
    from micronas.board import board_names, load_board

    boards = [load_board(name) for name in board_names()]
    if as_json:
        print_json([_summary(board) for board in boards])
        return
    rows = [
        (b.name, b.core.value, f"{b.clock.hz / 1e6:g}", kb(b.flash_bytes), kb(b.sram_bytes), _emulated(b))
        for b in boards
    ]
    print_table("", ("board", "core", "MHz", "flash", "SRAM", "emulated by"), rows)


@app.command("show")
def show(name: str, as_json: Json = False) -> None:
    """Show one board: memory map, clock, UART, upload, emulator, and where its timing comes from."""
    from micronas.board import load_board

    board = load_board(name)
    if as_json:
        print_json({**_summary(board), "profile": board.model_dump(mode="json")})
        return
    print(f"{board.name}: {board.title} ({board.mcu}, {board.core.value}, {board.family})")
    print(f"  clock     {board.clock.hz / 1e6:g} MHz from {board.clock.source}")
    for region in board.regions:
        wait = f", {region.wait_states} wait states" if region.wait_states else ""
        print(f"  {region.name:<9} {kb(region.length)} at {region.origin:#010x} ({region.kind.value}{wait})")
    print(f"  stack     {kb(board.stack_bytes)} of sram; the arena lies in {board.arena_region}")
    uart = board.uart
    print(f"  uart      {uart.name}, TX {uart.tx}, RX {uart.rx}, {uart.baud} baud")
    print(f"  upload    {board.upload.protocol}, PlatformIO board {board.platformio_board}")
    print(f"  emulator  {_emulated(board)}")
    print(f"  timing    {board.timing.cycles_per_instruction:g} cycles per emulated instruction")
    print(f"            ({' '.join(board.timing.source.split())})")
    print(f"  reference {board.reference}")


def _summary(board: Any) -> dict[str, Any]:
    return {
        "name": board.name,
        "title": board.title,
        "mcu": board.mcu,
        "core": board.core.value,
        "mhz": board.clock.hz / 1e6,
        "flash_bytes": board.flash_bytes,
        "sram_bytes": board.sram_bytes,
        "emulator": board.emulator.machine if board.emulator else None,
        "own_chip": board.emulator.own_chip if board.emulator else None,
    }


def _emulated(board: Any) -> str:
    if board.emulator is None:
        return "nothing"
    return f"QEMU {board.emulator.machine}" + ("" if board.emulator.own_chip else " (same core)")
