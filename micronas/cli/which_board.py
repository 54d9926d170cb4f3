"""The table of ``micronas boards --for MODEL``, and of ``check`` without a board."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from micronas.cli.output import print_json, print_table, typed
from micronas.errors import plural

if TYPE_CHECKING:
    from micronas.board import Core
    from micronas.deploy.which_board import Fit

HEADER = ("board", "fits", "flash to spare, B", "SRAM to spare, B", "ms, emulated", "instructions")


def print_boards_for(model: Path, *, run: bool, as_json: bool) -> bool:
    """Print which boards ``model`` fits, ``run`` in QEMU for its latency; whether there is any."""
    from micronas.deploy.companions import front_end_beside
    from micronas.deploy.which_board import fits_of, ordered, with_latency
    from micronas.memory.front_end_cost import cost_of_file, why_not_counted
    from micronas.model.tflite import read

    graph, beside = read(model), front_end_beside(model)
    fits, remarks = fits_of(graph, front_end=cost_of_file(beside)), list[str]()
    if run:
        fits, remarks = with_latency(graph, fits, started=_say)
    if why := why_not_counted(beside):
        remarks.append(f"note: {why}")
    fits = ordered(fits)
    if as_json:
        print_json([fit_to_json(fit) for fit in fits])
    else:
        _print(model, fits, run=run)
    for remark in remarks:
        print(remark, file=sys.stderr)
    return any(fit.fits for fit in fits)


def _say(core: Core) -> None:
    print(f"counting instructions on a {core.value} in QEMU ...", file=sys.stderr)


def _print(model: Path, fits: Sequence[Fit], *, run: bool) -> None:
    number = sum(fit.fits for fit in fits)
    print(f"{model.name} fits {number} of {plural(len(fits), 'board')}.")
    header = HEADER if any(fit.latency for fit in fits) else HEADER[:4]
    print_table("", header, [_row(fit)[: len(header)] for fit in fits])
    if not run:
        print(f"Their latency, emulated: micronas boards --for {typed(model)}")
    elif number:
        print("Emulated latency is instructions x cycles per instruction / clock: an estimate.")
    if number:
        print(f"Next: micronas bench {typed(model)} --board {fits[0].board.name}")


def _row(fit: Fit) -> tuple[str, ...]:
    latency = fit.latency
    return (
        fit.board.name,
        ("yes, by rows" if fit.by_rows else "yes") if fit.fits else "no",
        f"{fit.flash_spare_bytes:,}",
        f"{fit.sram_spare_bytes:,}",
        f"{latency.ms:.2f}" if latency else "",
        f"{latency.instructions:,}" if latency else "",
    )


def fit_to_json(fit: Fit) -> dict[str, Any]:
    """One entry of ``boards --for --json``; its keys are stable."""
    from micronas.trial import latency_to_json

    return {
        "board": fit.board.name,
        "fits": fit.fits,
        "by_rows": fit.by_rows,
        "reasons": list(fit.reasons),
        "flash": {"needed": fit.flash_bytes, "spare": fit.flash_spare_bytes},
        "sram": {"needed": fit.sram_bytes, "spare": fit.sram_spare_bytes},
        "latency": latency_to_json(fit.latency) if fit.latency else None,
    }
