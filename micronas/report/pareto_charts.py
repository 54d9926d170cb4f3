"""The charts of quality against each cost, with the Pareto front of the trials."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from micronas.report.chart import Limit, Point, scatter
from micronas.report.marks import kind, tip
from micronas.report.run_data import RunData
from micronas.strategy.pareto import non_dominated
from micronas.trial import Scores


def fronts(run: RunData) -> list[str]:
    """Accuracy against each cost; costs without figures in the run are left out."""
    source = latency_source(run)
    known = "predicted" if run.config.get("device") == "none" else "predicted = linked"
    return [
        _front(
            run,
            lambda s: s.latency.ms if s.latency else None,
            f"latency, ms ({source})",
            run.limit("constraints", "latency_ms"),
        ),
        _front(
            run,
            lambda s: s.flash_bytes / 1024,
            "flash, KB (predicted)",
            run.limits.flash_bytes / 1024 if run.limits else None,
        ),
        _front(
            run,
            lambda s: s.sram_bytes / 1024,
            f"SRAM, KB ({known})",
            run.limits.sram_bytes / 1024 if run.limits else None,
        ),
    ]


def _front(run: RunData, cost: Callable[[Scores], float | None], name: str, limit: float | None) -> str:
    shown = [(r, s, c) for r in run.complete if (s := r.trial.scores) and (c := cost(s)) is not None]
    costs, values = [c for _, _, c in shown], [100 * s.quality_int8 for _, s, _ in shown]
    best = sorted(non_dominated(np.column_stack((costs, np.negative(values)))), key=lambda i: costs[i])
    points = [
        Point(c, 100 * s.quality_int8, kind(r, i in best), tip(r), r.trial.number)
        for i, (r, s, c) in enumerate(shown)
    ]
    # A budget far beyond every point would squeeze them into a corner.
    near = limit is not None and costs and limit <= 2 * max(costs)
    mark = Limit(limit, "budget") if near and limit is not None else None
    line = [(costs[i], values[i]) for i in best]
    return scatter(
        points, line, name, f"int8 {run.figure}, validation, %", limit=mark, stepped=True, y_most=100.0
    )


def latency_source(run: RunData) -> str:
    """The sources of the latencies of a run's trials, in words."""
    sources = {s.latency.source.value for r in run.complete if (s := r.trial.scores) and s.latency}
    return ", ".join(sorted(sources)) or "not run"
