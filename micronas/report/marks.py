"""A trial as a mark of a chart: its colour, and what a reader sees on pointing at it."""

from __future__ import annotations

from micronas.errors import kb, percent
from micronas.report.genes import genes_text
from micronas.store import Record
from micronas.trial import Source


def kind(record: Record, on_front: bool) -> str:
    """CSS classes of a COMPLETE trial's mark."""
    name = "hand" if record.trial.origin == "baseline" else "trial"
    if record.trial.scores and record.trial.scores.latency:
        name += " predicted" * (record.trial.scores.latency.source is Source.PREDICTED)
    return f"{name} best" if on_front else name


def tip(record: Record) -> str:
    """The trial, its figures or why it has none, and its genes; one per line."""
    trial, scores = record.trial, record.trial.scores
    lines = [f"trial {trial.number} ({trial.origin})" if trial.origin else f"trial {trial.number}"]
    if scores is not None:
        lines[0] += f": {percent(scores.quality_int8)}"
        lines.append(f"{kb(scores.flash_bytes)} flash, {kb(scores.sram_bytes)} SRAM")
        if scores.latency:
            lines[-1] += f", {scores.latency.ms:.2f} ms {scores.latency.source.value}"
        lines += [scores.cut] if scores.cut else []
    if trial.reason:
        lines.append(f"{trial.outcome.value.lower()}, {trial.stage}: {trial.reason[:300]}")
    return "\n".join([*lines, genes_text(trial.arch)])
