"""``micronas flash``: upload a model to one named board, verified by the board's reply."""

from __future__ import annotations

from typing import Annotated

import typer

from micronas.cli.clock import ClockMhz
from micronas.cli.mlperf import (
    DEFAULT_MODE,
    Hardware,
    ModeName,
    Pin,
    Protocol,
    TaskName,
    is_mlperf_tiny,
    serve,
)
from micronas.cli.options import (
    DEFAULT_PREFER,
    BoardOption,
    DataOption,
    ModelArgument,
    PreferOption,
    RemoveConstantChannels,
)


def flash(
    model: ModelArgument,
    board: BoardOption,
    probe: Annotated[str | None, typer.Option(help="Serial number of the debug probe.")] = None,
    port: Annotated[str | None, typer.Option(help="Serial port of the board.")] = None,
    data: DataOption = None,
    prefer: PreferOption = DEFAULT_PREFER,
    remove_constant_channels: RemoveConstantChannels = True,
    clock_mhz: ClockMhz = None,
    protocol: Protocol = "micronas",
    task: TaskName = None,
    mode: ModeName = DEFAULT_MODE,
    pin: Pin = None,
) -> None:
    """Build MODEL and upload it. If several boards are attached, select one with --probe or --port."""
    from micronas.api.flash import flash as flash_model
    from micronas.board import load_board
    from micronas.firmware.clock_choice import board_at
    from micronas.memory.plan.prefer import prefer_named

    mlperf_tiny = is_mlperf_tiny(
        protocol,
        only_with_it={"--task": task is not None, "--mode": mode != DEFAULT_MODE, "--pin": pin is not None},
        never_with_it={"--data": data is not None},
    )
    plan = prefer_named(prefer, "--prefer")
    listed, profile = load_board(board), board_at(board, clock_mhz)
    if mlperf_tiny:
        chosen = Hardware(profile, listed, "serial", probe, port)
        serve(model, chosen, task=task, mode=mode, pin=pin, prefer=plan)
        return
    flashed = flash_model(
        model,
        profile,
        probe=probe,
        port=port,
        prefer=plan.value,
        remove_constant_channels=remove_constant_channels,
        say=print,
        calibration=data,
    )
    print(f"{profile.title} at {flashed.port} replied with build {flashed.info.build_id.hex()}")
