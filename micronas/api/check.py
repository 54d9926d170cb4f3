"""``check``: whether a model fits a board, to the byte."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from micronas.api.models import Calibration, Model, as_graph, as_tflite, name_of
from micronas.board import Board, load_board
from micronas.errors import ConfigError
from micronas.memory.budget import make_budget
from micronas.memory.ledger import Budget, Ledger, make_ledger
from micronas.memory.ledger import check as check_ledger
from micronas.memory.plan.tflm import stored_file
from micronas.model.graph import Graph
from micronas.model.tflite import read_bytes

RUNTIMES = ("micronas", "tflm")


@dataclass(frozen=True, eq=False)
class Check:
    """The verdict: predicted bytes and, if a limit is exceeded, the reasons and what would help."""

    fits: bool
    sram_bytes: int
    flash_bytes: int
    reasons: tuple[str, ...]
    remedies: tuple[str, ...]
    graph: Graph
    ledger: Ledger
    budget: Budget


def check(
    model: Model,
    board: str | Path | Board,
    *,
    runtime: str = "micronas",
    flash_kb: float | None = None,
    sram_kb: float | None = None,
    calibration: Calibration = None,
) -> Check:
    """Check ``model`` against the limits of ``board``, or tighter ones in KB of 1,024 bytes.

    ``runtime`` is ``micronas`` or ``tflm`` (TFLite Micro). Raises ``MicronasError`` for a model or board that
    cannot be read.
    """
    if runtime not in RUNTIMES:
        raise ConfigError(f"runtime {runtime}: unknown", remedy=f"one of {', '.join(RUNTIMES)}")
    profile = board if isinstance(board, Board) else load_board(str(board))
    budget = make_budget(profile, flash_kb, sram_kb)
    stored = None
    if runtime == "tflm":  # keeps the file in flash as it is, names and metadata included
        data = as_tflite(model, calibration)
        graph, stored = read_bytes(data, name_of(model)), stored_file(data)
    else:
        graph = as_graph(model, calibration)
    ledger = make_ledger(graph, profile, runtime, flash_limit_bytes=budget.flash_bytes, stored=stored)
    verdict = check_ledger(ledger, budget)
    return Check(
        fits=verdict.fits,
        sram_bytes=ledger.sram_bytes,
        flash_bytes=ledger.flash_bytes,
        reasons=tuple(verdict.reasons),
        remedies=tuple(verdict.remedies),
        graph=graph,
        ledger=ledger,
        budget=budget,
    )
