"""The hypervolume of a run: the share of the box between "useless" and "ideal" that its networks dominate.

Four objectives, each divided by its reference so that all volumes are shares of 1:

    error of the int8 network on validation data   / error of always guessing the majority class
    flash bytes                                    / flash budget
    SRAM bytes                                     / SRAM budget
    latency                                        / latency budget, or the slowest network of the comparison

The reference point is (1, 1, 1, 1), the ideal one the origin. Latency is included only if every network of
the comparison has one of the same source: emulated and predicted milliseconds are not the same objective.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from micronas.compare.budget import Unit
from micronas.compare.curve import Curve, best_so_far
from micronas.compare.history import History
from micronas.strategy.hypervolume import Point, hypervolume, non_dominated
from micronas.trial import Scores, Source


@dataclass(frozen=True)
class ReferencePoint:
    """The divisors of the objectives; ``latency_ms`` is None if latency is not included."""

    error: float
    flash_bytes: int
    sram_bytes: int
    latency_ms: float | None
    latency_source: Source | None

    def objectives(self, scores: Scores) -> Point:
        """The point of a network; 1 in every direction is the reference."""
        point = (
            (1.0 - scores.quality_int8) / self.error,
            scores.flash_bytes / self.flash_bytes,
            scores.sram_bytes / self.sram_bytes,
        )
        if self.latency_ms is None:
            return point
        assert scores.latency is not None, "the reference has a latency only if all networks do"
        return (*point, scores.latency.ms / self.latency_ms)


def make_reference(histories: Sequence[History], latency_budget_ms: float | None) -> ReferencePoint:
    """The reference of a comparison; ``histories`` holds at least one run."""
    first = histories[0]
    latencies = [s.scores.latency for h in histories for s in h.steps if s.scores]
    sources = {latency.source if latency else None for latency in latencies}
    source = next(iter(sources)) if len(sources) == 1 else None
    slowest_ms = max((latency.ms for latency in latencies if latency), default=None)
    return ReferencePoint(
        error=1.0 - first.majority_baseline,
        flash_bytes=first.budget.flash_bytes,
        sram_bytes=first.budget.sram_bytes,
        latency_ms=(latency_budget_ms or slowest_ms) if source else None,
        latency_source=source,
    )


def volume_curve(history: History, reference: ReferencePoint, unit: Unit) -> Curve:
    """Hypervolume (0..1) of everything found so far, along the budget."""
    found = [(step.at(unit), reference.objectives(step.scores)) for step in history.steps if step.scores]
    return best_so_far(_growing(sorted(found)))


def _growing(found: Iterable[tuple[float, Point]]) -> Iterator[tuple[float, float]]:
    front: list[Point] = []
    for x, point in found:
        front = non_dominated([*front, point])
        yield x, hypervolume(front, (1.0,) * len(point))
