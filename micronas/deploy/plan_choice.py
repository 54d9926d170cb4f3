"""The memory plans of a network on a board: which was taken, and what the others would cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from micronas.board import Board
from micronas.deploy.bench import constant_bytes, simplified
from micronas.errors import BoardError
from micronas.latency.op_model import board_latency
from micronas.memory.ledger import Budget, Ledger, board_budget, check, make_ledger
from micronas.memory.ledger.row_input import ledger_with_row_input
from micronas.memory.plan.prefer import Prefer
from micronas.model.graph import Graph
from micronas.trial import Json


@dataclass(frozen=True)
class PlanCost:
    """What a plan takes, and whether it ``fits`` the limits; ``ms`` is modelled from shapes, None on a board
    without a timing model. ``code_bytes`` is what its kernels take of RAM.
    """

    prefer: Prefer
    arena_bytes: int
    ms: float | None
    fits: bool = True
    code_bytes: int = 0

    def to_json(self) -> dict[str, Json]:
        """The object in ``check --json`` and ``bench --json``."""
        return {
            "prefer": self.prefer.value,
            "arena_bytes": self.arena_bytes,
            "modelled_ms": self.ms,
            "fits": self.fits,
            "ram_code_bytes": self.code_bytes,
        }


@dataclass(frozen=True)
class PlanChoice:
    """The plan that was ``taken``, and the ``others``: those op by op first, then the one by rows, if any."""

    taken: PlanCost
    others: tuple[PlanCost, ...]

    def __str__(self) -> str:
        time = f", {_ms(self.taken.ms)}" if self.taken.ms is not None else "; this board has no timing model"
        costs = "".join(f"; {self._compared(other)}" for other in self.others)
        head = f"{self.taken.prefer} (arena {self.taken.arena_bytes:,} bytes{time}{costs}"
        return f"{head}; times are modelled)" if self.taken.ms is not None else f"{head})"

    def _compared(self, other: PlanCost) -> str:
        more_bytes = other.arena_bytes - self.taken.arena_bytes
        unlike = [_difference(f"{abs(more_bytes):,} bytes", more_bytes)] if more_bytes else []
        if more_code := other.code_bytes - self.taken.code_bytes:
            unlike.append(_difference(f"{abs(more_code):,} bytes of code in RAM", more_code))
        lost = self.taken.fits and not other.fits
        if not lost and self.taken.ms is not None and other.ms is not None and other.ms != self.taken.ms:
            more_ms = other.ms - self.taken.ms
            unlike.append(_difference(_ms(abs(more_ms)), more_ms))
        if other.fits != self.taken.fits:
            unlike.append("does not fit" if lost else "fits")
        if not unlike:
            return f"--prefer {other.prefer} is the same"
        return f"--prefer {other.prefer}: {', '.join(unlike)}"

    def to_json(self) -> dict[str, Json]:
        """All of them, as ``plan`` of ``check --json`` and ``bench --json``."""
        others: list[Json] = [other.to_json() for other in self.others]
        return {**self.taken.to_json(), "other": others[0], "others": others}


def plan_choice(
    graph: Graph, board: Board, ledger: Ledger, prefer: Prefer, within: Budget | None = None
) -> PlanChoice:
    """Compare ``ledger``, made with ``prefer`` and ``within``, with the ledgers of the other plans."""

    def cost(ledger: Ledger, prefer: Prefer) -> PlanCost:
        found = _cost(graph, board, ledger, prefer)
        return replace(found, fits=check(ledger, within or board_budget(board)).fits)

    taken = cost(ledger, prefer)
    if prefer is not Prefer.AUTO or ledger.plan.row_steps or not _latency_moves_code(graph, board, within):
        taken = replace(taken, prefer=_plan_of(ledger, prefer, timed=taken.ms is not None))
    others = []
    for other in (Prefer.LATENCY, Prefer.SRAM, Prefer.ROWS):
        if other is not taken.prefer:
            found = make_ledger(graph, board, within=within, prefer=other)
            if other is not Prefer.ROWS or found.plan.row_steps:
                others.append(cost(found, other))
    return PlanChoice(taken, tuple(others))


def row_input_choice(
    graph: Graph, board: Board, ledger: Ledger, prefer: Prefer, within: Budget
) -> PlanChoice:
    """Compare ``ledger``, of ``graph`` with its input row by row, with the plan of the other preference:
    ``SRAM``, the smallest arena, or any other, which is a little slower than op by op at most.
    """

    def cost(ledger: Ledger, prefer: Prefer) -> PlanCost:
        own = replace(ledger, lowered=ledger.lowered[1:])  # the rows come at the application's time
        return replace(_cost(graph, board, own, prefer), fits=check(ledger, within).fits)

    smallest = prefer is Prefer.SRAM
    other = Prefer.AUTO if smallest else Prefer.SRAM
    _, found = ledger_with_row_input(graph, board, other)
    return PlanChoice(cost(ledger, Prefer.SRAM if smallest else Prefer.AUTO), (cost(found, other),))


def _latency_moves_code(graph: Graph, board: Board, within: Budget | None) -> bool:
    """Whether the plan of least latency differs from what is taken without a choice: it has code in RAM."""
    if board.code_memory is None:
        return False
    return make_ledger(graph, board, within=within, prefer=Prefer.LATENCY).ram_code is not None


def _difference(size: str, more: float) -> str:
    return f"{size} {'more' if more > 0 else 'less'}"


def _ms(ms: float) -> str:
    return f"{ms:,.0f} ms" if ms >= 1000 else f"{ms:.3g} ms"


def _plan_of(ledger: Ledger, prefer: Prefer, timed: bool) -> Prefer:
    """The plan that was taken. Without a timing model nothing says which steps are faster."""
    if ledger.plan.row_steps:
        return Prefer.ROWS
    if prefer is Prefer.AUTO:
        return Prefer.LATENCY if timed else Prefer.SRAM
    return Prefer.SRAM if prefer is Prefer.ROWS else prefer


@dataclass(frozen=True)
class LeanFigures:
    """A network without its constant channels; ``ms`` as in ``PlanCost``."""

    constant_bytes: int
    arena_bytes: int
    ms: float | None

    def __str__(self) -> str:
        time = "" if self.ms is None else f", {self.ms:.3g} ms, modelled"
        sizes = f"{self.constant_bytes:,} bytes of weights and biases, arena {self.arena_bytes:,}"
        return f"without constant channels: {sizes}{time} (--remove-constant-channels)"

    def to_json(self) -> dict[str, Json]:
        """The object in ``bench --json``."""
        return {
            "constant_bytes": self.constant_bytes,
            "arena_bytes": self.arena_bytes,
            "modelled_ms": self.ms,
        }


def without_constant_channels(
    graph: Graph, board: Board, prefer: Prefer, samples: Sequence[npt.NDArray[np.generic]]
) -> LeanFigures | None:
    """The figures of ``graph`` without constant channels, None if it has none; see ``bench.simplified``."""
    simpler = simplified(graph, samples)
    if simpler is graph:
        return None
    cost = _cost(simpler, board, make_ledger(simpler, board, prefer=prefer), prefer)
    return LeanFigures(constant_bytes(simpler), cost.arena_bytes, cost.ms)


def _cost(graph: Graph, board: Board, ledger: Ledger, prefer: Prefer) -> PlanCost:
    try:
        model, in_ram = board_latency(board), ledger.ram_code is not None
        ms: float | None = model.of(graph, ledger.lowered, ram_code=in_ram).ms
    except BoardError:
        ms = None
    code_bytes = 0 if ledger.ram_code is None else ledger.ram_code.nbytes
    return PlanCost(prefer, ledger.arena_bytes, ms, code_bytes=code_bytes)
