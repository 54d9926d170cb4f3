"""The figures as text cells: the same table for the terminal, the page and results.md."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

from micronas.compare.curve import Spread
from micronas.compare.results import ComparedRun, Results, RunResult

HEADER = (
    "entry",
    "hypervolume",
    "best reward",
    "validation, int8",
    "test, int8",
    "trials",
    "networks / CPU-min",
    "wasted",
    "CPU-min",
)

RUN_HEADER = (
    *("run", "hypervolume", "best reward", "validation", "test", "flash, KB", "SRAM, KB", "latency, ms"),
    *("trials", "refused", "wasted", "CPU-min"),
)


def rows(results: Results) -> list[tuple[str, ...]]:
    """One row per entry: median and range over seeds."""
    return [_cells(row) for row in results.rows]


def run_rows(results: Results) -> list[tuple[str, ...]]:
    """One row per run."""
    return [_run_cells(run) for row in results.rows for run in row.runs]


def spread_text(value: Spread | None, decimals: int = 3) -> str:
    """``0.912 (0.905-0.920)``; a dash without a value."""
    if value is None:
        return "-"
    median, low, high = (f"{v:.{decimals}f}" for v in (value.median, value.low, value.high))
    return f"{median} ({low}-{high})"


def _cells(row: ComparedRun) -> tuple[str, ...]:
    wasted = sum(run.wasted for run in row.runs)
    trained = sum(run.trained for run in row.runs)
    share = _mean(row.runs, lambda run: run.wasted_cpu_share)
    return (
        row.entry.name,
        spread_text(row.volume, 4),
        spread_text(row.reward),
        spread_text(row.validation),
        spread_text(row.test),
        f"{_mean(row.runs, lambda run: run.trials):.0f}",
        f"{_mean(row.runs, lambda run: run.networks_per_cpu_minute):.1f}",
        f"{wasted} of {trained}, {100 * share:.0f} % of CPU",
        f"{_mean(row.runs, lambda run: run.cpu_minutes):.1f}",
    )


def _run_cells(run: RunResult) -> tuple[str, ...]:
    reported = run.history.reported
    figures = ("-",) * 5
    if reported is not None:
        scores, latency = reported.scores, reported.scores.latency
        figures = (
            f"{reported.validation:.3f}",
            f"{reported.test:.3f}",
            f"{scores.flash_bytes / 1024:.1f}",
            f"{scores.sram_bytes / 1024:.1f}",
            f"{latency.ms:.2f} {latency.source.value}" if latency else "not run",
        )
    return (
        run.history.run.name,
        f"{run.hypervolume:.4f}",
        "-" if run.best_reward is None else f"{run.best_reward:.3f}",
        *figures,
        str(run.trials),
        str(run.refused),
        str(run.wasted),
        f"{run.cpu_minutes:.2f}",
    )


def _mean(runs: Sequence[RunResult], figure: Callable[[RunResult], float]) -> float:
    return statistics.fmean(figure(run) for run in runs)
