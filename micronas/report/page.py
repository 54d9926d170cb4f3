"""The page: run data in, HTML text out."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jinja2 import Environment, PackageLoader, select_autoescape

import micronas
from micronas.codegen import generate
from micronas.errors import kb, percent, plural
from micronas.memory.plan.svg import plan_svg
from micronas.report.chart import Limit, Point, scatter
from micronas.report.run_data import RunData
from micronas.report.target import MissedTarget, missed_target
from micronas.store import Record
from micronas.store.columns import csv_text, page_columns
from micronas.strategy.pareto import non_dominated
from micronas.trial import PREDICTION_STAGE, Outcome, Scores, Source, number_of, object_at


@dataclass(frozen=True)
class Download:
    """A file of the package for the page."""

    name: str
    size: int
    href: str


def render(run: RunData) -> str:
    """The complete, self-contained page."""
    environment = Environment(
        loader=PackageLoader("micronas.report", "."),
        autoescape=select_autoescape(default_for_string=True, default=True),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "kb": kb,
        "percent": percent,
        "plural": plural,
    }
    return environment.get_template("page.html.j2").render(
        run=run,
        version=micronas.__version__,
        counts={outcome.value: sum(r.trial.outcome is outcome for r in run.records) for outcome in Outcome},
        by_prediction=sum(r.trial.stage == PREDICTION_STAGE for r in run.records),
        proposed=sum(1 + r.rejected for r in run.records),
        latency_source=_latency_source(run),
        fronts=[chart for chart in fronts(run) if chart],
        history=_history(run),
        columns=page_columns(),
        best=run.final.result if run.final else None,
        missed=_missed(run),
        plan=plan_svg(run.best.graph, run.best.plan) if run.best else "",
        downloads=_downloads(run),
    )


def _missed(run: RunData) -> MissedTarget | None:
    """Whether the result is slower than the reward's target."""
    latency = object_at(run.final.result, "scores", "latency") if run.final else {}
    source = latency.get("source")
    return missed_target(
        run.limit("reward", "target_ms"),
        number_of(latency.get("ms")),
        source if isinstance(source, str) else None,
        run.records,
    )


def fronts(run: RunData) -> list[str]:
    """Accuracy against each cost; costs without figures in the run are left out."""
    source = _latency_source(run)
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
            f"flash, KB ({known})",
            run.limit("constraints", "flash_kb"),
        ),
        _front(
            run, lambda s: s.sram_bytes / 1024, f"SRAM, KB ({known})", run.limit("constraints", "sram_kb")
        ),
    ]


def _front(run: RunData, cost: Callable[[Scores], float | None], name: str, limit: float | None) -> str:
    shown = [(r, s, c) for r in run.complete if (s := r.trial.scores) and (c := cost(s)) is not None]
    costs, values = [c for _, _, c in shown], [100 * s.quality_int8 for _, s, _ in shown]
    best = sorted(non_dominated(np.column_stack((costs, np.negative(values)))), key=lambda i: costs[i])
    points = [
        Point(c, 100 * s.quality_int8, _kind(r, i in best), _tip(r)) for i, (r, s, c) in enumerate(shown)
    ]
    # A budget far beyond every point would squeeze them into a corner.
    near = limit is not None and costs and limit <= 2 * max(costs)
    mark = Limit(limit, "budget") if near and limit is not None else None
    line = [(costs[i], values[i]) for i in best]
    return scatter(points, line, name, f"int8 {run.figure}, validation, %", limit=mark, stepped=True)


def _history(run: RunData) -> str:
    points, line, best = [], [], float("-inf")
    for record in run.complete:
        scores = record.trial.scores
        assert scores is not None, "RunData.complete holds trials with scores"
        points.append(Point(record.trial.number, scores.reward, _kind(record, False), _tip(record)))
        best = max(best, scores.reward)
        line.append((float(record.trial.number), best))
    return scatter(points, line, "trial", "reward", stepped=True, whole_x=True, width=860)


def _kind(record: Record, on_front: bool) -> str:
    kind = "hand" if record.trial.origin == "baseline" else "trial"
    if record.trial.scores and record.trial.scores.latency:
        kind += " predicted" * (record.trial.scores.latency.source is Source.PREDICTED)
    return f"{kind} best" if on_front else kind


def _tip(record: Record) -> str:
    scores = record.trial.scores
    assert scores is not None, "only COMPLETE trials are drawn"
    latency = f", {scores.latency.ms:.2f} ms {scores.latency.source.value}" if scores.latency else ""
    return (
        f"trial {record.trial.number} ({record.trial.origin}): {percent(scores.quality_int8)}, "
        f"{kb(scores.flash_bytes)} flash, {kb(scores.sram_bytes)} SRAM{latency}"
        f"{scores.cut and f', {scores.cut}'}"
    )


def _latency_source(run: RunData) -> str:
    sources = {s.latency.source.value for r in run.complete if (s := r.trial.scores) and s.latency}
    return ", ".join(sorted(sources)) or "not run"


def _downloads(run: RunData) -> list[Download]:
    files = [_download("trials.csv", csv_text(run.records).encode(), "text/csv")]
    if run.final and run.best:
        files.append(_download("model.tflite", run.final.tflite, "application/octet-stream"))
        sources = generate(run.best.graph, run.best.lowered, run.best.plan, name="best")
        files += [_download(name, text.encode(), "text/x-c") for name, text in sources.items()]
    return files


def _download(name: str, data: bytes, kind: str) -> Download:
    return Download(name, len(data), f"data:{kind};base64,{base64.b64encode(data).decode()}")
