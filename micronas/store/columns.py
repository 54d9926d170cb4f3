"""The figures of a trial that are shown to people, each declared once, here.

The progress table of a search, the report's table and its trials.csv are made from this list, so a new figure
needs one entry here. Every column is in trials.csv; ``page`` and ``terminal`` define where else it appears.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from micronas.errors import kb, percent
from micronas.store.record import Record
from micronas.trial import Json, Latency, Scores, Trial

NARROW = 80
"""Terminal width, in characters, that shows the essential columns; wider terminals show more."""


@dataclass(frozen=True)
class Column:
    """One figure of a trial.

    ``key`` is its name in trials.csv; ``title`` is its heading in tables, where ``{figure}`` is replaced by
    accuracy, AUC or R2. ``value`` is None if the trial has no such figure; ``text`` formats it for tables.
    ``terminal`` is the minimum terminal width in characters that shows it, None if no terminal does;
    ``width`` is its width in a line of text. A page leaves an ``only_if_any`` column out if no trial has it.
    """

    key: str
    title: str
    value: Callable[[Trial], Json]
    text: Callable[[Trial], str]
    is_number: bool = False
    page: bool = False
    terminal: int | None = None
    width: int = 0
    only_if_any: bool = False

    def header(self, figure: str) -> str:
        """The title; ``figure`` names the kind of quality: accuracy, AUC or R2."""
        return self.title.format(figure=figure)


V = TypeVar("V", int, float, str)


def _column(
    key: str,
    title: str,
    value: Callable[[Trial], V | None],
    form: Callable[[V], str] = str,
    *,
    is_number: bool = False,
    page: bool = False,
    terminal: int | None = None,
    width: int = 0,
    only_if_any: bool = False,
) -> Column:
    """A column whose value ``form`` formats for tables; empty if there is no value."""

    def text(trial: Trial) -> str:
        found = value(trial)
        return "" if found is None else form(found)

    return Column(key, title, value, text, is_number, page, terminal, width, only_if_any)


def _score(value: Callable[[Scores], V | None]) -> Callable[[Trial], V | None]:
    return lambda trial: value(trial.scores) if trial.scores else None


def _latency(value: Callable[[Latency], V | None]) -> Callable[[Trial], V | None]:
    return lambda trial: value(trial.scores.latency) if trial.scores and trial.scores.latency else None


def _latency_text(trial: Trial) -> str:
    """With its source, because one column of a run can hold emulated, predicted and measured milliseconds."""
    if trial.scores is None:
        return ""
    latency = trial.scores.latency
    return f"{latency.ms:.2f} ms {latency.source.value}" if latency else "not run"


def _reason_text(trial: Trial) -> str:
    return f"{trial.stage}: {trial.reason}" if trial.reason else _reason(trial)


def _reason(trial: Trial) -> str:
    """Why it has no figures, why its training was cut, or that quantization cost much accuracy."""
    scores = trial.scores
    found = (scores.cut, scores.shortened, scores.int8_drop) if scores else ()
    return trial.reason or "; ".join(text for text in found if text)


COLUMNS = (
    _column("trial", "trial", lambda t: t.number, is_number=True, page=True, terminal=NARROW, width=6),
    _column("outcome", "outcome", lambda t: t.ending, str.lower, page=True, terminal=NARROW, width=10),
    _column("origin", "origin", lambda t: t.origin, page=True, terminal=110, width=9),
    _column(
        "quality_int8",
        "{figure}",
        _score(lambda s: s.quality_int8),
        percent,
        is_number=True,
        page=True,
        terminal=NARROW,
        width=8,
    ),
    _column("quality_float", "float {figure}", _score(lambda s: s.quality_float), percent, is_number=True),
    _column(
        "mae",
        "MAE",
        _score(lambda s: s.mae),
        "{:.4g}".format,
        is_number=True,
        page=True,
        only_if_any=True,
    ),
    _column(
        "rmse",
        "RMSE",
        _score(lambda s: s.rmse),
        "{:.4g}".format,
        is_number=True,
        page=True,
        only_if_any=True,
    ),
    _column(
        "flash_bytes",
        "flash",
        _score(lambda s: s.flash_bytes),
        kb,
        is_number=True,
        page=True,
        terminal=NARROW,
        width=9,
    ),
    _column(
        "sram_bytes",
        "SRAM",
        _score(lambda s: s.sram_bytes),
        kb,
        is_number=True,
        page=True,
        terminal=NARROW,
        width=9,
    ),
    Column(
        "latency_ms",
        "latency",
        _latency(lambda latency: latency.ms),
        _latency_text,
        is_number=True,
        page=True,
        terminal=NARROW,
        width=20,
    ),
    _column("latency_source", "source", _latency(lambda latency: latency.source.value)),
    _column("instructions", "instructions", _latency(lambda latency: latency.instructions), is_number=True),
    _column(
        "macs",
        "MACs",
        _score(lambda s: s.macs),
        "{:,}".format,
        is_number=True,
        page=True,
        terminal=110,
        width=12,
    ),
    _column(
        "reward",
        "reward",
        _score(lambda s: s.reward),
        "{:.4f}".format,
        is_number=True,
        page=True,
        terminal=NARROW,
        width=6,
    ),
    _column("epochs", "epochs", _score(lambda s: s.epochs), is_number=True),
    _column("train_cpu_s", "CPU s", _score(lambda s: s.train_cpu_s), "{:.1f}".format, is_number=True),
    Column("reason", "reason", _reason, _reason_text, page=True),
)


def page_columns(records: Sequence[Record] = ()) -> tuple[Column, ...]:
    """The columns of the report's table of ``records``."""

    def is_shown(column: Column) -> bool:
        return not column.only_if_any or any(column.value(r.trial) is not None for r in records)

    return tuple(column for column in COLUMNS if column.page and is_shown(column))


def terminal_columns(width: int) -> tuple[Column, ...]:
    """The columns that a terminal of ``width`` characters shows; at least those of ``NARROW``."""
    limit = max(width, NARROW)
    return tuple(column for column in COLUMNS if column.terminal is not None and column.terminal <= limit)


def csv_text(records: Sequence[Record]) -> str:
    """Every column of every trial, with the keys as header; empty if a trial has no such figure."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([column.key for column in COLUMNS])
    for record in records:
        writer.writerow([column.value(record.trial) for column in COLUMNS])
    return text.getvalue()
