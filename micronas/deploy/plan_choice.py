"""The two memory plans of a network on a board: which was taken, and what the other would cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from micronas.board import Board
from micronas.deploy.bench import constant_bytes, simplified
from micronas.errors import BoardError
from micronas.latency.op_model import board_latency
from micronas.memory.ledger import Budget, Ledger, make_ledger
from micronas.memory.plan.prefer import Prefer
from micronas.model.graph import Graph
from micronas.trial import Json


@dataclass(frozen=True)
class PlanCost:
    """What a plan takes; ``ms`` is modelled from shapes, None where the board has no timing model."""

    prefer: Prefer
    arena_bytes: int
    ms: float | None

    def to_json(self) -> dict[str, Json]:
        """The object in ``check --json`` and ``bench --json``."""
        return {"prefer": self.prefer.value, "arena_bytes": self.arena_bytes, "modelled_ms": self.ms}


@dataclass(frozen=True)
class PlanChoice:
    """The plan that was ``taken``, and the ``other`` one."""

    taken: PlanCost
    other: PlanCost

    def __str__(self) -> str:
        head, other = f"{self.taken.prefer} (arena {self.taken.arena_bytes:,} bytes", self.other
        option = f"--prefer {other.prefer}"
        if self.taken.ms is None or other.ms is None:
            return f"{head}; without a timing model of this board, {option} is the same)"
        more_bytes, more_ms = other.arena_bytes - self.taken.arena_bytes, other.ms - self.taken.ms
        if more_bytes == 0:
            return f"{head}; {option} is the same)"
        size = f"{abs(more_bytes):,} bytes {'more' if more_bytes > 0 else 'less'}"
        time = f"{abs(more_ms):.3g} ms {'more' if more_ms > 0 else 'less'}"
        return f"{head}; {option}: {size}, {time}, modelled)"

    def to_json(self) -> dict[str, Json]:
        """Both, as ``plan`` of ``check --json`` and ``bench --json``."""
        return {**self.taken.to_json(), "other": self.other.to_json()}


def plan_choice(
    graph: Graph, board: Board, ledger: Ledger, prefer: Prefer, within: Budget | None = None
) -> PlanChoice:
    """Compare ``ledger``, made with ``prefer`` and ``within``, with the ledger of the other plan."""
    other = make_ledger(graph, board, within=within, prefer=prefer.other)
    return PlanChoice(_cost(graph, board, ledger, prefer), _cost(graph, board, other, prefer.other))


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
        ms: float | None = board_latency(board).of(graph, ledger.lowered).ms
    except BoardError:
        ms = None
    return PlanCost(prefer, ledger.arena_bytes, ms)
