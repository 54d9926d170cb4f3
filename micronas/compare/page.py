"""``results.html``: the curves and tables in one self-contained page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from micronas.compare.budget import Unit
from micronas.compare.chart import colour, curves
from micronas.compare.curve import band
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
from micronas.errors import plural


def page(results: Results) -> str:
    """The complete page."""
    environment = Environment(
        loader=PackageLoader("micronas.compare", "."),
        autoescape=select_autoescape(default_for_string=True, default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    plan = results.plan
    names = [row.entry.name for row in results.rows]
    names_of_runs = [row.entry.name for row in results.rows for _ in row.runs]
    return environment.get_template("page.html.j2").render(
        task=plan.config.data.name,
        budget=plan.budget.words,
        seeds=plural(plan.seeds, "seed"),
        space=plan.config.space.name,
        board=plan.board_words,
        board_notes=[f"{name}: {text}" for name, text in board_limits(results).items()],
        legend=[(row.entry.name, colour(place)) for place, row in enumerate(results.rows)],
        charts=_charts(results),
        tables=[
            (
                "Median and range over seeds",
                ComparisonTable(HEADER, list(zip(names, rows(results), strict=True))),
            ),
            *_board_tables(results),
            (
                "Every run",
                ComparisonTable(RUN_HEADER, list(zip(names_of_runs, run_rows(results), strict=True))),
            ),
        ],
    )


@dataclass(frozen=True)
class ComparisonTable:
    """Cells of text, and of each row the entry to which it belongs."""

    header: tuple[str, ...]
    rows: Sequence[tuple[str, tuple[str, ...]]]

    texts: int = 1
    note: str = ""

    @property
    def numbers(self) -> list[int]:
        """The columns of figures, which are all but the first ``texts``."""
        return list(range(self.texts, len(self.header)))


def _board_tables(results: Results) -> list[tuple[str, ComparisonTable]]:
    """Of a task for several boards."""
    found = board_rows(results)
    if not found:
        return []
    entries = [(cells[1], cells) for cells in found]
    winners = [(cells[1].rpartition("-seed")[0], cells) for cells in board_run_rows(results)]
    return [
        ("On each board", ComparisonTable(BOARD_HEADER, entries, texts=2, note=BOARD_NOTE)),
        ("The winner of every run on each board", ComparisonTable(BOARD_RUN_HEADER, winners, texts=3)),
    ]


def _charts(results: Results) -> list[tuple[str, str, str]]:
    budget = results.plan.budget
    note = "Line: median over seeds; area: minimum to maximum. A line starts where every seed has a network."
    names = [row.entry.name for row in results.rows]
    rewards = [band([run.reward_curve for run in row.runs], budget.amount) for row in results.rows]
    volumes = [band([run.volume_curve for run in row.runs], budget.amount) for row in results.rows]
    axis, whole = f"{budget.axis} of search", budget.unit is Unit.TRIALS
    charts = (
        ("Best reward so far", "best feasible reward", rewards),
        ("Hypervolume so far", "hypervolume", volumes),
    )
    return [
        (title, note, curves(list(zip(names, bands, strict=True)), axis, label, whole_x=whole))
        for title, label, bands in charts
    ]
