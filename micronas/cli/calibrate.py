"""``micronas calibrate``: fit the timing model of a board's core to cycles that the board counted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from micronas.cli.clock import ClockMhz
from micronas.cli.output import percent, print_json, print_table, program, typed
from micronas.host.temporary_folder import temporary_folder

if TYPE_CHECKING:
    from micronas.board import Board
    from micronas.deploy.calibration.run import Calibrated


def calibrate(
    board: Annotated[str, typer.Option(help="Board that is attached.")],
    probe: Annotated[str | None, typer.Option(help="Serial number of the debug probe.")] = None,
    port: Annotated[str | None, typer.Option(help="Serial port of the board.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write the profile's calibration section here.")] = None,
    clock_mhz: ClockMhz = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure a network of many small ops on a real board, and fit the timing model to it.

    The result is a section for the board's profile; with it, modelled latencies of that
    board have a narrower range.
    """
    from micronas.cli.output_paths import require_writable_file, write_file
    from micronas.deploy.calibration.run import calibrate as run
    from micronas.deploy.calibration.run import on_board
    from micronas.deploy.deployment import cache_folder, require_tools
    from micronas.device.targets import SerialBoard
    from micronas.firmware.clock_choice import board_at

    profile = board_at(board, clock_mhz)
    if out is not None:
        require_writable_file("--out", out)
    require_tools(SerialBoard(probe, port), profile)
    with temporary_folder() as work:
        done = run(profile, on_board(probe, port), workdir=work, cache_dir=cache_folder())
    text = section(profile, done)
    if out is not None:
        write_file("--out", out, text)
    if as_json:
        print_json(calibration_json(profile, done))
    else:
        _print(board, profile, done, text)


def section(board: Board, done: Calibrated) -> str:
    """The YAML of ``calibration`` for the board's profile."""
    import yaml

    clocks = " and ".join(f"{c:g}" for c in done.clocks_mhz)
    source = f"micronas calibrate, {len(done.observed)} ops at {clocks} MHz on {board.title}"
    values = done.fitted.calibration(source).model_dump()
    return yaml.safe_dump({"calibration": values}, sort_keys=False, width=110)


def calibration_json(board: Board, done: Calibrated) -> dict[str, Any]:
    """The object of ``calibrate --json``; its keys are stable."""
    fitted = done.fitted
    return {
        "board": board.name,
        "clocks_mhz": list(done.clocks_mhz),
        "ops": len(done.observed),
        "weights": fitted.weights,
        "miss_cycles_per_wait_state": fitted.miss_cycles_per_wait_state,
        "error": fitted.error,
        "error_before": fitted.error_before,
        "residuals": list(fitted.residuals),
        "memories": {name: cost.model_dump() for name, cost in fitted.memories.items()},
    }


def _print(name: str, board: Board, done: Calibrated, text: str) -> None:
    fitted = done.fitted
    worst = sorted(zip(done.observed, fitted.residuals, strict=True), key=lambda pair: -abs(pair[1]))[:5]
    rows = [
        (one.name, str(one.wait_states), f"{one.cycles:,.0f}", f"{100 * residual:+.1f} %")
        for one, residual in worst
    ]
    print(f"{board.title}: {len(done.observed)} ops at {', '.join(f'{c:g}' for c in done.clocks_mhz)} MHz")
    print_table("", ("least well modelled", "wait states", "cycles, measured", "modelled, left out"), rows)
    before, after = percent(fitted.error_before), percent(fitted.error)
    for name, cost in fitted.memories.items():
        print(
            f"arena in {name}: {cost.cycles_per_access:+.2f} cycles per load or store, "
            f"{100 * (cost.factor - 1):+.1f} % without flash"
        )
    print(f"\n19 of 20 ops within {after}; before the fit, within {before}")
    print(f"\n{_where_to_add(name)}:\n\n{text}")


def _where_to_add(board: str) -> str:
    """A profile inside an installed package would be lost with the next version: it is copied first."""
    from micronas.board.folders import profile_path
    from micronas.host.resources import is_installed

    path = profile_path(board)
    if is_installed(path):
        copy = f"{program()} boards new my_{path.stem} --from {path.stem}"
        return f"To use it, start a profile of your own by `{copy}`, and add this to it"
    return f"To use it, add this to {typed(path)}"
