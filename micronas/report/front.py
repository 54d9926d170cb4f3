"""The Pareto front of a run's trials."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from micronas.store import Record
from micronas.strategy.pareto import non_dominated
from micronas.trial import Outcome, Scores


def front_of(records: Sequence[Record]) -> list[Record]:
    """COMPLETE trials on the front of quality and latency, or of quality and flash if nothing ran. By rising
    cost; of equal networks, the first.
    """
    shown = [(r, s) for r in records if r.trial.outcome is Outcome.COMPLETE and (s := r.trial.scores)]
    if not shown:
        return []
    costs = np.array([[_cost(scores), -scores.quality_int8] for _, scores in shown])
    return [shown[i][0] for i in sorted(non_dominated(costs), key=lambda i: costs[i, 0])]


def _cost(scores: Scores) -> float:
    return scores.latency.ms if scores.latency else float(scores.flash_bytes)
