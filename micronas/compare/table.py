"""The figures as text cells: the same table for the terminal, the page and results.md."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

from micronas.compare.boards import BoardHistory
from micronas.compare.curve import Spread
from micronas.compare.progress_point import Reported
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

BOARD_HEADER = ("board", "entry", "best reward", "validation, int8", "test, int8", "latency, ms", "fit")

BOARD_NOTE = (
    "Each network is trained once and evaluated on every board. Fit: trained networks that may be reported "
    "for the board. Latency: of the reported networks, if all have it from one source."
)

BOARD_RUN_HEADER = (
    *("board", "run", "winner", "best reward", "validation", "test", "flash, KB", "SRAM, KB", "latency, ms"),
    "fit",
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


def board_rows(results: Results) -> list[tuple[str, ...]]:
    """One row per board and entry, board by board; empty for a task with one board."""
    return [
        _board_cells(results, row, name)
        for name in _boards(results)
        for row in results.rows
        if any(run.history.boards for run in row.runs)
    ]


def board_run_rows(results: Results) -> list[tuple[str, ...]]:
    """One row per board and run, board by board; empty for a task with one board."""
    return [
        _board_run_cells(results, run, board)
        for name in _boards(results)
        for row in results.rows
        for run in row.runs
        for board in run.history.boards
        if board.board == name
    ]


def board_limits(results: Results) -> dict[str, str]:
    """Board -> what its networks may use; empty for a task with one board."""
    runs = [run for row in results.rows for run in row.runs]
    return {board.board: board.limits_text for run in runs for board in run.history.boards}


def _boards(results: Results) -> list[str]:
    return list(board_limits(results))


def _board_cells(results: Results, row: ComparedRun, name: str) -> tuple[str, ...]:
    own = [board for run in row.runs for board in run.history.boards if board.board == name]
    winners = [board.reported for board in own if board.reported]
    latencies = [winner.scores.latency for winner in winners if winner.scores.latency]
    sources = {latency.source.value for latency in latencies}
    latency = row.spread([latency.ms for latency in latencies]) if len(sources) == 1 else None
    return (
        name,
        row.entry.name,
        spread_text(row.spread([board.best_reward(results.plan.budget) for board in own])),
        spread_text(row.spread([winner.validation for winner in winners])),
        spread_text(row.spread([winner.test for winner in winners])),
        " ".join([spread_text(latency, 2), *(sources if latency else ())]),
        f"{sum(board.complete for board in own)} of {sum(run.trained for run in row.runs)}",
    )


def _board_run_cells(results: Results, run: RunResult, board: BoardHistory) -> tuple[str, ...]:
    reward, reported = board.best_reward(results.plan.budget), board.reported
    return (
        board.board,
        run.history.run.name,
        f"trial {reported.trial}" if reported else "none",
        "-" if reward is None else f"{reward:.3f}",
        *_reported_cells(reported),
        f"{board.complete} of {run.trained}",
    )


def _run_cells(run: RunResult) -> tuple[str, ...]:
    return (
        run.history.run.name,
        f"{run.hypervolume:.4f}",
        "-" if run.best_reward is None else f"{run.best_reward:.3f}",
        *_reported_cells(run.history.reported),
        str(run.trials),
        str(run.refused),
        str(run.wasted),
        f"{run.cpu_minutes:.2f}",
    )


def _reported_cells(reported: Reported | None) -> tuple[str, ...]:
    """Validation, test, flash, SRAM and latency of a reported network."""
    if reported is None:
        return ("-",) * 5
    scores, latency = reported.scores, reported.scores.latency
    return (
        f"{reported.validation:.3f}",
        f"{reported.test:.3f}",
        f"{scores.flash_bytes / 1024:.1f}",
        f"{scores.sram_bytes / 1024:.1f}",
        f"{latency.ms:.2f} {latency.source.value}" if latency else "not run",
    )


def _mean(runs: Sequence[RunResult], figure: Callable[[RunResult], float]) -> float:
    return statistics.fmean(figure(run) for run in runs)
