"""``check``: whether a model fits a board, to the byte."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from micronas.api.export import input_named
from micronas.api.models import Calibration, Model, as_graph, as_tflite, name_of
from micronas.board import Board, load_board
from micronas.deploy.companions import front_end_beside
from micronas.deploy.limits import require_few_ops
from micronas.deploy.plan_choice import PlanChoice, plan_choice, row_input_choice
from micronas.errors import ConfigError
from micronas.memory.budget import less_front_end, make_budget
from micronas.memory.front_end_cost import cost_of_file, why_not_counted, with_front_end
from micronas.memory.ledger import Budget, Ledger, make_ledger
from micronas.memory.ledger import check as check_ledger
from micronas.memory.ledger.row_input import ledger_with_row_input
from micronas.memory.plan.prefer import DEFAULT_PREFER, prefer_named
from micronas.memory.plan.tflm import stored_file
from micronas.model.graph import Graph
from micronas.model.tflite import read_bytes

RUNTIMES = ("micronas", "tflm")


@dataclass(frozen=True, eq=False)
class Check:
    """The verdict: predicted bytes and, if a limit is exceeded, the reasons and what would help.

    ``plan_choice`` compares the memory plan with the others; None for TFLite Micro. With ``row_input`` the
    ``graph`` begins with the op that delivers the rows of the input.
    """

    fits: bool
    sram_bytes: int
    flash_bytes: int
    reasons: tuple[str, ...]
    remedies: tuple[str, ...]
    graph: Graph
    ledger: Ledger
    budget: Budget
    plan_choice: PlanChoice | None = None
    row_input: bool = False


def check(
    model: Model,
    board: str | Path | Board,
    *,
    runtime: str = "micronas",
    flash_kb: float | None = None,
    sram_kb: float | None = None,
    prefer: str = DEFAULT_PREFER.value,
    input: str = "tensor",
    calibration: Calibration = None,
) -> Check:
    """Check ``model`` against the limits of ``board``, or tighter ones in KB of 1,024 bytes.

    ``runtime`` is ``micronas`` or ``tflm`` (TFLite Micro). ``prefer`` is the memory plan:
    ``auto``, the fastest that fits; ``latency``, the fastest op by op; ``sram``, the smallest arena op by op;
    ``rows``, a smaller and mostly slower one, by rows. With the ``input`` ``rows`` in place of ``tensor`` it
    is the network whose library asks a function of the application for the rows of its input, by the plan of
    such an export; the front end does not count then, because it writes the whole input. If the
    model's folder has a ``front_end.json``, which a search writes, its front end counts, too. Raises
    ``MicronasError`` for a model or board that cannot be read, and for a model of more ops, or inputs and
    outputs, than any microcontroller runs.
    """
    if runtime not in RUNTIMES:
        raise ConfigError(f"runtime {runtime}: unknown", remedy=f"one of {', '.join(RUNTIMES)}")
    row_input = input_named(input)
    if row_input and runtime == "tflm":
        raise ConfigError("input rows: TFLite Micro takes the whole input", remedy="runtime micronas has it")
    profile = board if isinstance(board, Board) else load_board(str(board))
    budget = make_budget(profile, flash_kb, sram_kb)
    stored, wanted = None, prefer_named(prefer)
    if runtime == "tflm":  # keeps the file in flash as it is, names and metadata included
        data = as_tflite(model, calibration)
        graph, stored = read_bytes(data, name_of(model)), stored_file(data)
    else:
        graph = as_graph(model, calibration)
    require_few_ops(graph)
    beside = None if row_input else front_end_beside(model)
    cost = cost_of_file(beside)
    within = less_front_end(budget, cost, profile)
    choice = None
    if row_input:
        whole = graph
        graph, ledger = ledger_with_row_input(whole, profile, wanted)
        choice = row_input_choice(whole, profile, ledger, wanted, within)
    else:
        ledger = make_ledger(graph, profile, runtime, within=within, prefer=wanted, stored=stored)
        if runtime == "micronas":
            choice = plan_choice(graph, profile, ledger, wanted, within)
    if cost is not None:
        ledger = with_front_end(ledger, cost, profile.core, graph)
    if why := why_not_counted(beside):
        ledger = replace(ledger, notes=(*ledger.notes, why))
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
        plan_choice=choice,
        row_input=row_input,
    )
