"""The boards that a network fits, the bytes to spare, and its latency on each.

The ledger decides for each board whether it fits: in the smallest arena op by op, or by rows if only that
fits. Its latency is emulated once for each core: boards with the same core run the same kernels, so the
executed instructions are the same, except for the few that read the counter; only the clock and the cycles
per instruction depend on the board.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from micronas.board import Board, Core, board_names, load_board
from micronas.deploy.deployment import cache_folder, deploy, random_samples, require_tools
from micronas.deploy.measure import emulated_latency
from micronas.device.targets import Qemu
from micronas.errors import BudgetError, BuildError, DeviceError, ToolMissingError
from micronas.host.temporary_folder import temporary_folder
from micronas.memory.budget import less_front_end
from micronas.memory.front_end_cost import FrontEndCost, with_front_end
from micronas.memory.ledger import Budget, Ledger, board_budget, check, fits_by_rows, make_ledger
from micronas.memory.plan.prefer import Prefer
from micronas.model.graph import Graph
from micronas.trial import Latency


@dataclass(frozen=True)
class Fit:
    """A network on a board, by its ledger; negative spare bytes are bytes over.

    ``latency`` is None if it was not run: of boards that it fits only ``by_rows``, none is.
    """

    board: Board
    fits: bool
    reasons: tuple[str, ...]
    flash_bytes: int
    flash_spare_bytes: int
    sram_bytes: int
    sram_spare_bytes: int
    latency: Latency | None = None
    by_rows: bool = False


def fits_of(
    graph: Graph, boards: Iterable[Board] | None = None, front_end: FrontEndCost | None = None
) -> list[Fit]:
    """One per board, of all shipped ones by default, with the bytes of ``front_end``; nothing is built."""
    return [_fit(graph, board, front_end) for board in (boards or map(load_board, board_names()))]


def with_latency(
    graph: Graph, fits: Sequence[Fit], *, started: Callable[[Core], None] = lambda core: None
) -> tuple[list[Fit], list[str]]:
    """``fits`` with the emulated latency of those that fit, and the reason if it could not be run.

    ``started`` is called before each core's run, which takes seconds.
    """
    timed, remarks = list(fits), []
    for core in dict.fromkeys(fit.board.core for fit in fits if _runs(fit)):
        started(core)
        try:
            instructions = instructions_on(
                graph, [f.board for f in fits if _runs(f) and f.board.core is core]
            )
        except ToolMissingError as error:
            return list(fits), [f"no latency: {error.message}"]
        except (BuildError, DeviceError) as error:
            remarks.append(f"no latency on {core.value}: {error.message}")
            continue
        timed = [
            replace(f, latency=emulated_latency(instructions, f.board))
            if _runs(f) and f.board.core is core
            else f
            for f in timed
        ]
    return timed, remarks


def instructions_on(graph: Graph, boards: Sequence[Board]) -> int:
    """Instructions of one inference on the core that ``boards`` share, in QEMU; outputs are compared, too."""
    board = max((b for b in boards if b.emulator is not None), key=lambda b: b.sram_bytes, default=boards[0])
    require_tools(Qemu(), board)
    with temporary_folder() as work:
        deployed = deploy(
            graph,
            board,
            random_samples(graph, 1, seed=0),
            device=Qemu(),
            workdir=Path(work),
            cache_dir=cache_folder(),
            runs=1,
        )
    deployed.require_parity()
    instructions = deployed.measurement.latency.instructions
    assert instructions is not None, "an emulator counts instructions"
    return instructions


def ordered(fits: Iterable[Fit]) -> list[Fit]:
    """Boards that fit come first, sorted by latency; then the others, sorted by the bytes over."""

    def key(fit: Fit) -> tuple[bool, float, int, str]:
        over = -min(0, fit.flash_spare_bytes) - min(0, fit.sram_spare_bytes)
        ms = fit.latency.ms if fit.latency else float("inf")
        return not fit.fits, ms, over if not fit.fits else fit.sram_spare_bytes, fit.board.name

    return sorted(fits, key=key)


def _fit(graph: Graph, board: Board, front_end: FrontEndCost | None) -> Fit:
    budget = board_budget(board)
    ledger = _ledger(graph, board, Prefer.SRAM, front_end)
    verdict = check(ledger, budget)
    needs_sram = not verdict.fits and ledger.flash_bytes <= budget.flash_bytes
    if needs_sram and _fits_by_rows(graph, board, budget, front_end):
        ledger = _ledger(graph, board, Prefer.ROWS, front_end)
        verdict = check(ledger, budget)
    return Fit(
        board,
        verdict.fits,
        verdict.reasons,
        ledger.flash_bytes,
        budget.flash_bytes - ledger.flash_bytes,
        ledger.sram_bytes,
        budget.sram_bytes - ledger.sram_bytes,
        by_rows=bool(ledger.plan.row_steps),
    )


def _ledger(graph: Graph, board: Board, prefer: Prefer, front_end: FrontEndCost | None) -> Ledger:
    ledger = make_ledger(graph, board, prefer=prefer)
    return ledger if front_end is None else with_front_end(ledger, front_end, board.core, graph)


def _fits_by_rows(graph: Graph, board: Board, budget: Budget, front_end: FrontEndCost | None) -> bool:
    try:
        return fits_by_rows(graph, board, less_front_end(budget, front_end, board))
    except BudgetError:
        return False  # the front end alone takes all


def _runs(fit: Fit) -> bool:
    return fit.fits and not fit.by_rows
