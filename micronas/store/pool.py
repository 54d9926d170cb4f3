"""What a run keeps of its pool of boards: the state of each board, and how the boards compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from micronas.store.record import Record
from micronas.store.store import Store
from micronas.trial import Json, number_of, object_at

POOL_FACT = "pool"
"""Fact of a run: the object of ``PoolExecutor.to_json``."""

MEASURED_ON = "measured_on"
"""Detail of a trial: the id of the board in the pool."""

FAILED_ON = "failed_on"
"""Detail of a trial: boards that failed to measure it, with the reason of each."""


@dataclass(frozen=True)
class PoolRow:
    """A board of a pool as shown to people. ``latency_ms`` and ``deviation`` (from the median, relative) are
    those of the network that all boards measured, None for a board that did not.
    """

    board: str
    trials: int
    failures: int
    latency_ms: float | None
    deviation: float | None
    off: bool
    quarantined: str

    @property
    def latency_text(self) -> str:
        """``latency_ms`` for people."""
        return "" if self.latency_ms is None else f"{self.latency_ms:.3f}"

    @property
    def deviation_text(self) -> str:
        """``deviation`` for people."""
        return "" if self.deviation is None else f"{100 * self.deviation:+.1f} %"

    @property
    def state(self) -> str:
        """In a few words."""
        if self.quarantined:
            return f"quarantined: {self.quarantined}"
        return "differs from the others" if self.off else ""


def keep_pool(store: Store, pool: dict[str, Json]) -> None:
    """Store the state of the pool."""
    store.amend({POOL_FACT: pool})


def earlier_failures(store: Store) -> dict[str, int]:
    """Board -> failures in earlier sessions of the run."""
    return {
        str(board.get("board")): int(number_of(board.get("failures")) or 0)
        for board in _boards(object_at(store.optional_fact(POOL_FACT)))
    }


def pool_rows(pool: dict[str, Json], records: Sequence[Record]) -> list[PoolRow]:
    """One row per board of a stored pool; empty for a run without one."""
    measured = (record for record in records if "repeats_trial" not in record.details)
    trials = Counter(record.details.get(MEASURED_ON) for record in measured)
    comparison = object_at(pool, "comparison")
    latencies = object_at(comparison, "latencies_ms")
    reference, off = number_of(comparison.get("reference_ms")), comparison.get("off")
    rows = []
    for board in _boards(pool):
        name = str(board.get("board"))
        ms = number_of(latencies.get(name))
        deviation = None if ms is None or not reference else ms / reference - 1.0
        failures = int(number_of(board.get("failures")) or 0)
        is_off = isinstance(off, list) and name in off
        rows.append(
            PoolRow(name, trials[name], failures, ms, deviation, is_off, str(board.get("quarantined") or ""))
        )
    return rows


def usable_first(pool: dict[str, Json], names: Sequence[str]) -> tuple[str, ...]:
    """``names`` without the boards that are quarantined in ``pool``, which come last."""
    bad = {str(board.get("board")) for board in _boards(pool) if board.get("quarantined")}
    return tuple(sorted(names, key=lambda name: name in bad))


def _boards(pool: dict[str, Json]) -> list[dict[str, Json]]:
    boards = pool.get("boards")
    return [object_at(board) for board in boards] if isinstance(boards, list) else []
