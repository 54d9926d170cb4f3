"""A run of a comparison as it is on each of its boards; for a task with several boards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from micronas.board import Board, describe_validation
from micronas.compare.budget import ComparisonBudget
from micronas.compare.curve import best_so_far
from micronas.compare.progress_point import ProgressPoint, Reported, progress_point, reported_of
from micronas.memory.budget import less_front_end, make_budget
from micronas.memory.front_end_cost import cost_of_file
from micronas.memory.ledger import Budget
from micronas.search.boards.further import config_for
from micronas.store import Record, Store
from micronas.store.board_results import BoardResult, board_results
from micronas.store.stored_setup import stored_budget, stored_config, stored_front_end
from micronas.trial import Json, scores_to_json


@dataclass(frozen=True)
class BoardHistory:
    """The trials of a run as they ended on one board, and the network that is reported for it, if any."""

    board: str
    limits: Budget
    latency_ms: float | None
    steps: tuple[ProgressPoint, ...]
    reported: Reported | None

    @property
    def complete(self) -> int:
        """Networks that may be reported for this board."""
        return sum(step.scores is not None for step in self.steps)

    def best_reward(self, budget: ComparisonBudget) -> float | None:
        """Of the search on this board, within the budget."""
        unit = budget.unit
        rewards = best_so_far((s.at(unit), s.scores.reward) for s in self.steps if s.scores)
        return rewards.at(budget.amount)

    @property
    def limits_text(self) -> str:
        """``128 KB flash, 32 KB SRAM, 50 ms``."""
        parts = [f"{self.limits.flash_bytes / 1024:g} KB flash", f"{self.limits.sram_bytes / 1024:g} KB SRAM"]
        return ", ".join([*parts, *([f"{self.latency_ms:g} ms"] if self.latency_ms else [])])

    def to_json(self, budget: ComparisonBudget) -> dict[str, Json]:
        """The object of ``boards``."""
        return {
            "board": self.board,
            "limits": {
                "flash_bytes": self.limits.flash_bytes,
                "sram_bytes": self.limits.sram_bytes,
                "latency_ms": self.latency_ms,
            },
            "best_reward": self.best_reward(budget),
            "complete": self.complete,
            "trial": self.reported.trial if self.reported else None,
            "validation_int8": self.reported.validation if self.reported else None,
            "test_int8": self.reported.test if self.reported else None,
            "scores": scores_to_json(self.reported.scores) if self.reported else None,
        }


def read_boards(store: Store, records: Sequence[Record]) -> tuple[BoardHistory, ...]:
    """Every board of a run, the first one first; empty for a run with one board."""
    return tuple(
        _history(store, result, is_first=place == 0)
        for place, result in enumerate(board_results(store, store.final(), records))
    )


def _history(store: Store, result: BoardResult, *, is_first: bool) -> BoardHistory:
    return BoardHistory(
        board=result.name,
        limits=stored_budget(store) if is_first else _limits(store, result),
        latency_ms=stored_config(store).constraints.latency_ms,
        steps=tuple(progress_point(record) for record in result.records),
        reported=reported_of(result.figures) if result.figures else None,
    )


def _limits(store: Store, result: BoardResult) -> Budget:
    """Limits of the networks of a further board, less the front end of the data."""
    try:
        board = Board.model_validate(result.profile)
    except ValidationError as error:
        raise store.unreadable("board profiles", describe_validation(error)) from error
    limits = config_for(stored_config(store), board).constraints
    whole = make_budget(board, limits.flash_kb, limits.sram_kb)
    cost = cost_of_file(stored_front_end(store))
    return whole if cost is None else less_front_end(whole, cost, board)
