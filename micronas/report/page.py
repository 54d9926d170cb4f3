"""The page: run data in, HTML text out."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

import yaml
from jinja2 import Environment, PackageLoader, select_autoescape

import micronas
from micronas.errors import kb, percent, plural
from micronas.estimate.confusion import Confusion, confusion_from_json
from micronas.estimate.rejection import Rejection, rejection_from_json
from micronas.estimate.target_errors import TargetErrors, target_errors_from_json
from micronas.estimate.threshold import ANOMALY, Threshold, threshold_from_json
from micronas.memory.plan.svg import plan_svg
from micronas.quantize.layer_report import LayerReport, layer_report_from_json
from micronas.quantize.witness import Witness, witness_from_json
from micronas.report.board_sections import board_rows, board_sections
from micronas.report.downloads import downloads
from micronas.report.drawing import draw
from micronas.report.endings import endings
from micronas.report.front import front_of
from micronas.report.genes import genes_text
from micronas.report.history import box_of, reward_chart, volume_chart
from micronas.report.latency_agreement import latency_agreements
from micronas.report.memory_table import memory_table
from micronas.report.pareto_charts import fronts, latency_source
from micronas.report.run_data import RunData
from micronas.report.target import MissedTarget, missed_target
from micronas.store.columns import page_columns
from micronas.store.final_figures import ERRORS, LAYERS, THRESHOLD, WITNESS
from micronas.trial import PREDICTION_STAGE, Json, Outcome, number_of, object_at


@dataclass(frozen=True)
class Live:
    """A page that is served while the search runs: ``stamp`` changes with the run's data."""

    stamp: str
    reload_s: float = 5.0


def render(run: RunData, page: Path, live: Live | None = None) -> str:
    """The complete, self-contained page; ``page`` is the path from which its links lead."""
    environment = Environment(
        loader=PackageLoader("micronas.report", "."),
        autoescape=select_autoescape(default_for_string=True, default=True),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"kb": kb, "percent": percent, "plural": plural, "genes": genes_text}
    environment.filters["short_number"] = short_number
    final = run.final.result if run.final else None
    front = front_of(run.records)
    return environment.get_template("page.html.j2").render(
        run=run,
        version=micronas.__version__,
        live=live,
        counts={outcome.value: sum(r.trial.outcome is outcome for r in run.records) for outcome in Outcome},
        by_prediction=sum(r.trial.stage == PREDICTION_STAGE for r in run.records),
        proposed=sum(1 + r.rejected for r in run.records),
        latency_source=latency_source(run),
        fronts=[chart for chart in fronts(run) if chart],
        boards=board_sections(run, page),
        board_rows=board_rows(run),
        front_numbers={record.trial.number for record in front},
        drawings=[(network, draw(network)) for network in run.networks],
        drawn_of_front=len({n.record.trial.number for n in run.networks} & {r.trial.number for r in front}),
        agreements=latency_agreements(run.records),
        history=reward_chart(run),
        volume=volume_chart(run),
        box=box_of(run),
        endings=endings(run.records),
        columns=page_columns(run.records),
        best=final,
        missed=_missed(run),
        memories=memory_table(object_at(final, "deployment")),
        flash=_flash_verdict(final),
        confusion=_confusion(final),
        rejection=_rejection(final),
        errors=_errors(final),
        witness=_witness(final),
        threshold=_threshold(final),
        layers=_layers(final),
        plan=plan_svg(run.best.graph, run.best.plan) if run.best else "",
        downloads=downloads(run, page),
        folder=shlex.quote(str(run.folder)),
        command=lambda verb: f"micronas {verb} {shlex.quote(str(run.folder))}",
        configuration=yaml.safe_dump(run.config, sort_keys=False, allow_unicode=True),
    )


def short_number(value: float) -> str:
    """Three digits, and none beyond a thousandth."""
    text = f"{0.0 if abs(value) < 5e-4 else value:.3g}"
    return text.replace("-", "−")


def _flash_verdict(final: dict[str, Json] | None) -> str | None:
    """Of the memory in which the program is: ``equal``, or by how much it was linked larger; None without a
    build.
    """
    rows = memory_table(object_at(final, "deployment")) if final else []
    return next((row.verdict for row in rows if row.name == "flash"), None)


def _confusion(final: dict[str, Json] | None) -> Confusion | None:
    """The matrix of the reported network; None for anomaly detection and runs of other versions."""
    try:
        return confusion_from_json(object_at(final, "confusion")) if final else None
    except TypeError:
        return None


def _rejection(final: dict[str, Json] | None) -> Rejection | None:
    """What becomes of unknown samples; None without them, and for runs of other versions."""
    try:
        stored = object_at(final, "rejection") if final else {}
        return rejection_from_json(stored) if stored else None
    except (KeyError, TypeError):
        return None


def _threshold(final: dict[str, Json] | None) -> Threshold | None:
    """Of anomaly detection; None for other tasks and runs of other versions."""
    try:
        stored = object_at(final, THRESHOLD) if final else {}
        return threshold_from_json(stored) if stored.get("name") == ANOMALY else None
    except (KeyError, TypeError):
        return None


def _errors(final: dict[str, Json] | None) -> TargetErrors | None:
    """Those of a regression on the test split; None for other tasks and runs of other versions."""
    try:
        stored = object_at(final, ERRORS) if final else {}
        return target_errors_from_json(stored) if stored else None
    except (KeyError, TypeError, ValueError):
        return None


def _layers(final: dict[str, Json] | None) -> LayerReport | None:
    """What int8 costs in each layer; None without float weights, and for runs of other versions."""
    try:
        stored = object_at(final, LAYERS) if final else {}
        return layer_report_from_json(stored) if stored else None
    except (KeyError, TypeError):
        return None


def _witness(final: dict[str, Json] | None) -> Witness | None:
    """What a second interpreter computed of the file; None for runs of other versions."""
    try:
        stored = object_at(final, WITNESS) if final else {}
        return witness_from_json(stored) if stored else None
    except (KeyError, TypeError):
        return None


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
