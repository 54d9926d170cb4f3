"""The model card of a network: its data, its quality, its costs, and the command that makes it again."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

import micronas
from micronas.board import Board
from micronas.config import SearchConfig
from micronas.data import Dataset, DataSplit, Task
from micronas.data.front_end.file import front_end_file
from micronas.errors import percent
from micronas.estimate.interval import Interval
from micronas.estimate.threshold import Threshold
from micronas.memory.front_end_cost import cost_of_file
from micronas.model.front_end import to_json
from micronas.store.final_figures import FinalFigures
from micronas.trial import Json

FORMAT = 1
JSON_NAME, MARKDOWN_NAME = "model_card.json", "model_card.md"
_PACKAGES = ("numpy", "tensorflow", "keras")


def card_json(
    figures: FinalFigures,
    dataset: Dataset,
    test: DataSplit,
    config: SearchConfig,
    run: Path,
    board: Board,
    interval: Interval | None,
    threshold: Threshold | None = None,
) -> dict[str, Json]:
    """The object of ``model_card.json``; keys are stable, docs/guides/front_end.md describes them.

    ``changes``, made when the search was resumed, are the caller's to fill in.
    ``interval`` is that of the test accuracy, or of a regression's R2; None for anomaly detection.
    ``threshold`` was chosen on the validation split.
    """
    verb = "pick" if figures.final_fit else "rebuild"
    return {
        "format": FORMAT,
        "board": board.name,
        "data": _data(dataset, test),
        "front_end": to_json(front_end_file(dataset, {threshold.name: threshold.value} if threshold else {})),
        "network": {
            "trial": figures.trial,
            "key": figures.key,
            "final_fit": figures.final_fit,
            "note": figures.note,
            "training": figures.training,
            "cut": figures.scores.cut,
        },
        "quality": _quality(figures, dataset, interval),
        "classes": _classes(figures),
        "threshold": threshold.to_json() if threshold else None,
        "rejection": _rejection(figures),
        "figures": [*_figures(figures), *_front_end_figures(dataset, board)],
        "constraints": config.constraints.model_dump(mode="json"),
        "versions": _versions(),
        "changes": [],
        "rebuild": f"micronas {verb} {run.name} {figures.trial}",
    }


def card_markdown(card: Mapping[str, Json]) -> str:
    """``model_card.md``."""
    environment = Environment(  # Markdown, not HTML: cells escape what would end them
        loader=PackageLoader("micronas.report", "."),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("model_card.md.j2").render(card=card, percent=percent, cell=_cell)


def _cell(value: object) -> str:
    """For a cell of a table or an item of a list: one line without the characters of Markdown."""
    text = ", ".join(f"{v:.6g}" for v in value) if isinstance(value, list) else str(value)
    plain = "".join(c if c.isprintable() else " " for c in text)
    return "".join(f"\\{c}" if c in "|*_`<[\\" else c for c in plain)


def _data(dataset: Dataset, test: DataSplit) -> dict[str, Json]:
    parts = {"train": dataset.train, "validation": dataset.validation, "test": test}
    groups: dict[str, Json] = {}
    if dataset.group_names:
        groups = {n: len(set(p.groups.tolist())) for n, p in parts.items() if p.groups is not None}
    return {
        "name": dataset.name,
        "sha256": dataset.digest,
        "samples": {name: len(part) for name, part in parts.items()},
        "groups": groups,
        "groups_text": ", ".join(f"{count} groups in {name}" for name, count in groups.items())
        or "no groups are known",
        "notes": list(dataset.notes),
    }


def _quality(figures: FinalFigures, dataset: Dataset, interval: Interval | None) -> dict[str, Json]:
    confusion = figures.confusion
    classes = dataset.task is Task.CLASSIFY
    return {
        "figure": figures.figure,
        "test_int8": figures.test_quality_int8,
        "test_interval": interval.to_json() if interval else None,
        "validation_int8": figures.scores.quality_int8,
        "validation_float": figures.scores.quality_float,
        "balanced_accuracy": confusion.balanced_accuracy if confusion else None,
        "macro_f1": confusion.macro_f1 if confusion else None,
        "majority_baseline": dataset.majority_baseline if classes else None,
        "gap": figures.gap.to_json() if figures.gap else None,
        **({"errors": figures.errors.to_json()} if figures.errors else {}),
        "witness": figures.witness.to_json() | {"text": str(figures.witness)} if figures.witness else None,
    }


def _classes(figures: FinalFigures) -> list[Json]:
    confusion = figures.confusion
    if confusion is None:
        return []
    rows = zip(confusion.classes, confusion.matrix, confusion.recall, confusion.precision, strict=True)
    return [
        {"name": name, "samples": sum(row), "recall": recall, "precision": precision}
        for name, row, recall, precision in rows
    ]


def _rejection(figures: FinalFigures) -> dict[str, Json] | None:
    """Of the test split, with a sentence."""
    found = figures.rejection
    return None if found is None else found.to_json() | {"text": str(found)}


def _figures(figures: FinalFigures) -> list[Json]:
    """Every cost with the source of its value."""
    scores = figures.scores
    rows: list[Json] = [
        _figure("flash", scores.flash_bytes, "bytes", "predicted"),
        _figure("SRAM", scores.sram_bytes, "bytes", "predicted"),
        _figure("multiply-accumulates", scores.macs, "", "counted from the shapes"),
        _figure("parameters", scores.parameters, "", "counted from the shapes"),
    ]
    if (latency := scores.latency) is not None:
        rows.append(_figure("latency of one inference", latency.ms, "ms", latency.source.value))
        if latency.instructions is not None:
            rows.append(_figure("instructions of one inference", latency.instructions, "", "emulated"))
    if (parity := figures.deployment.parity) is not None:
        equal = parity.elements - parity.mismatches
        unit = f"of {parity.elements:,} output elements"
        rows.append(_figure("equal to the reference", equal, unit, "compared on the device or emulator"))
    return rows


def _front_end_figures(dataset: Dataset, board: Board) -> list[Json]:
    """Beside the network; none for a front end without C."""
    cost = cost_of_file(front_end_file(dataset))
    if cost is None:
        return []
    return [
        _figure("flash of the front end, in addition", cost.flash_bytes(board.core), "bytes", "predicted"),
        _figure("SRAM of the front end, in addition", cost.buffer_bytes, "bytes", "predicted"),
    ]


def _figure(name: str, value: float, unit: str, source: str) -> dict[str, Json]:
    return {"name": name, "value": value, "unit": unit, "source": source}


def _versions() -> dict[str, Json]:
    found: dict[str, Json] = {"micronas": micronas.__version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
