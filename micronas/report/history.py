"""Best reward and hypervolume along a run's trials, with the trials that gave no figures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from micronas.report.chart import Point, scatter
from micronas.report.marks import kind, tip
from micronas.report.run_data import RunData
from micronas.strategy.hypervolume import Point as Objectives
from micronas.strategy.hypervolume import hypervolume, non_dominated
from micronas.trial import Outcome, Scores, Source

_WIDTH = 860


@dataclass(frozen=True)
class Box:
    """The box whose dominated share is the hypervolume: its worst corner, an error and a cost.

    ``source`` is that of the latency, None if the cost is flash bytes.
    """

    error: float
    cost: float
    source: Source | None

    @property
    def text(self) -> str:
        """What the two sides are."""
        worst = (
            f"{self.cost:.2f} ms {self.source.value}"
            if self.source
            else f"{self.cost / 1024:.1f} KB of flash"
        )
        return f"an error of {100 * self.error:.1f} % and {worst}"

    def objectives(self, scores: Scores) -> Objectives:
        """Error and cost as shares of the box."""
        cost = scores.latency.ms if self.source and scores.latency else float(scores.flash_bytes)
        return (1.0 - scores.quality_int8) / self.error, cost / self.cost


def reward_chart(run: RunData) -> str:
    """The reward of each trial and the best so far; ticks at the bottom are trials without figures."""
    points, line, best = [], [], float("-inf")
    for record in run.complete:
        scores = record.trial.scores
        assert scores is not None, "RunData.complete holds trials with scores"
        number = record.trial.number
        points.append(Point(number, scores.reward, kind(record, False), tip(record), number))
        best = max(best, scores.reward)
        line.append((float(number), best))
    line += _to_the_end(run, line)
    ended = [
        Point(r.trial.number, 0.0, r.trial.outcome.value.lower(), tip(r), r.trial.number)
        for r in run.records
        if r.trial.outcome is not Outcome.COMPLETE
    ]
    return scatter(
        points, line, "trial", "reward", stepped=True, whole_x=True, width=_WIDTH, ticks_below=ended
    )


def volume_chart(run: RunData) -> str:
    """The hypervolume after each trial; marks are the trials that raised it. Empty text without a box."""
    if (box := box_of(run)) is None:
        return ""
    records = {record.trial.number: record for record in run.complete}
    steps = list(volumes(run, box))
    points = [
        Point(number, volume, kind(records[number], True), tip(records[number]), number)
        for (number, volume), (_, before) in zip(steps, [(-1, 0.0), *steps[:-1]], strict=True)
        if volume > before
    ]
    line = [(float(number), volume) for number, volume in steps]
    line += _to_the_end(run, line)
    return scatter(points, line, "trial", "hypervolume", stepped=True, whole_x=True, width=_WIDTH)


def _to_the_end(run: RunData, line: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The best of ``line`` until the last trial, which may have no figures: the charts then align."""
    return [(float(run.records[-1].trial.number), line[-1][1])] if line else []


def box_of(run: RunData) -> Box | None:
    """Guessing at the latency limit; without a limit, at the slowest trial.

    The cost is flash if not every trial has a latency of one source: such figures are not compared.
    """
    scored = [s for r in run.complete if (s := r.trial.scores)]
    error = 1.0 - run.majority_baseline
    if not scored or error <= 0.0:
        return None
    sources = {s.latency.source if s.latency else None for s in scored}
    source = next(iter(sources)) if len(sources) == 1 else None
    if source is None:
        return Box(error, float(max(s.flash_bytes for s in scored)), None)
    slowest = max(s.latency.ms for s in scored if s.latency)
    return Box(error, run.limit("constraints", "latency_ms") or slowest, source)


def volumes(run: RunData, box: Box) -> Iterator[tuple[int, float]]:
    """The share of ``box`` that the trials so far dominate, after each COMPLETE trial, with its number."""
    front: list[Objectives] = []
    volume = 0.0
    for record in run.complete:
        assert record.trial.scores is not None, "RunData.complete holds trials with scores"
        grown = non_dominated([*front, box.objectives(record.trial.scores)])
        if grown != front:
            front, volume = grown, hypervolume(grown, (1.0, 1.0))
        yield record.trial.number, volume
