"""``results.md``: the table, with verdicts and their limits."""

from __future__ import annotations

import math
from collections.abc import Sequence

from micronas.compare.budget import Unit
from micronas.compare.entry import NO_SEARCH
from micronas.compare.results import Results
from micronas.compare.table import (
    BOARD_HEADER,
    BOARD_NOTE,
    BOARD_RUN_HEADER,
    HEADER,
    RUN_HEADER,
    board_limits,
    board_rows,
    board_run_rows,
    rows,
    run_rows,
)
from micronas.compare.verdict import FIGURES, Ordering, PairedVerdict, judged
from micronas.errors import plural


def markdown(results: Results) -> str:
    """The whole document."""
    parts = [
        f"# {_title(results)}",
        f"    {results.plan.command}",
        _task(results),
        _table(HEADER, rows(results)),
        "Median and range over seeds. " + _columns(results),
        "## Against random search",
        "\n".join(_verdicts(results)),
        _caution(results),
        *_on_boards(results),
        "## Every run",
        _table(RUN_HEADER, run_rows(results)),
        *_unfinished(results),
    ]
    return "\n\n".join(parts) + "\n"


def _title(results: Results) -> str:
    plan = results.plan
    task = f"{plan.config.data.name} ({plan.task_words[0]})"
    return f"Search strategies on {task}, {plan.budget.words} each, {plural(plan.seeds, 'seed')}"


def _task(results: Results) -> str:
    config, reference = results.plan.config, results.reference
    explains = reference.error == 1.0  # only R2 of a constant is 0
    figure = "R2" if explains else "accuracy"
    same = "predicting the mean" if explains else "guessing the majority class"
    budget = [f"{reference.flash_bytes / 1024:g} KB of flash", f"{reference.sram_bytes / 1024:g} KB of SRAM"]
    if config.constraints.latency_ms:
        budget.append(f"{config.constraints.latency_ms:g} ms")
    target = (
        f"; reward: {figure} x ({config.reward.target_ms:g} ms / latency)^{config.reward.exponent:g}"
        f" ({config.reward.mode})"
        if config.reward.target_ms and config.device != "none"
        else f"; reward: {figure}"
    )
    return (
        f"Space {config.space.name}, board {results.plan.board_words}, runtime {config.runtime}; "
        f"the network may use {', '.join(budget)}{target}. "
        f"Always {same} has error {reference.error:.3f}."
    )


def _columns(results: Results) -> str:
    unit, reference = results.plan.budget.unit, results.reference
    latency = (
        f", {reference.latency_source.value} latency up to {reference.latency_ms:.3g} ms"
        if reference.latency_ms and reference.latency_source
        else "; latency is not included, because not every network has one of the same source"
    )
    inside = "not in" if unit is Unit.TRIALS else "inside"
    return (
        "Hypervolume: share (0 to 1) of the box of error, flash and SRAM up to the budgets"
        f"{latency}, dominated by the networks found within the budget. Best reward: of the search's short "
        "trainings, within the budget. Validation and test: the reported network after its final training, "
        f"which is {inside} the budget. Wasted: trained, but failed or over the latency budget. CPU-min: all "
        "processes of the search, without the final training. Every search starts with the same "
        f"baseline networks; {NO_SEARCH} is only the first of them, with the same final training."
    )


def _verdicts(results: Results) -> list[str]:
    lines = []
    for name, figure in FIGURES.items():
        verdicts = judged(results, figure)
        parts = [f"{word.value}: {_names(verdicts, word)}" for word in Ordering]
        lines.append(f"- {name}: {'; '.join(parts)}.")
    return lines or ["- random search has not finished."]


def _names(verdicts: Sequence[tuple[str, PairedVerdict]], word: Ordering) -> str:
    chosen = [
        f"{name} ({v.better} of {plural(v.pairs, 'seed')} better, {v.median_difference:+.4f})"
        for name, v in verdicts
        if v.word is word
    ]
    return ", ".join(chosen) or "none"


def _caution(results: Results) -> str:
    samples = results.test_samples
    known = [row.test.median for row in results.rows if row.test]
    text = (
        "Above and below: every seed of one is beyond every seed of the other; the figure is the median "
        "difference of runs with equal seeds. With so few seeds everything else is chance until shown "
        "otherwise."
    )
    if samples and known:
        error = math.sqrt(max(p * (1 - p) for p in known) / samples)
        text += (
            f" The test split has {plural(samples, 'sample')}: one figure's standard error is up to "
            f"{error:.3f}, and the split is the same for all seeds."
        )
    return text


def _on_boards(results: Results) -> list[str]:
    """Each board's limits, entries and winners; empty for a task with one board."""
    limits = board_limits(results)
    if not limits:
        return []
    lines = [f"- {name}: the network may use {text}." for name, text in limits.items()]
    return [
        "## On each board",
        "\n".join(lines),
        _table(BOARD_HEADER, board_rows(results)),
        f"{BOARD_NOTE} The other tables of this page are of {results.plan.config.board}.",
        "## The winner of every run on each board",
        _table(BOARD_RUN_HEADER, board_run_rows(results)),
    ]


def _unfinished(results: Results) -> list[str]:
    lines = [
        f"- {run.history.run.name}: {run.history.failure}"
        for row in results.rows
        for run in row.runs
        if run.history.reported is None
    ]
    lines += [f"- {name}: not finished, and in no figure above" for name in results.unfinished]
    planned = len(results.plan.runs())
    begun = sum(len(row.runs) for row in results.rows) + len(results.unfinished)
    if begun < planned:
        lines.append(f"- not started: {planned - begun} of {plural(planned, 'run')}")
    return ["## Without a result", "\n".join(lines)] if lines else []


def _table(header: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
