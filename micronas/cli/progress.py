"""Progress of a search: a live panel on a terminal, one line per trial elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from micronas.cli.output import console, percent
from micronas.errors import plural
from micronas.store import Record
from micronas.store.columns import NARROW, Column, terminal_columns
from micronas.trial import Outcome, Trial

if TYPE_CHECKING:
    from rich.text import Text

_SHOWN = 8


class Progress(Protocol):
    """An observer of the search (``micronas.search.loop.Observer``) that is a context manager."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def trial(self, record: Record, replayed: bool, feasible_share: float, left: str) -> None:
        """See ``Observer``."""
        ...

    def phase(self, text: str) -> None:
        """See ``Observer``."""
        ...


def make_progress(figure: str = "accuracy", others: tuple[str, ...] = ()) -> Progress:
    """Progress on stderr, so that stdout stays clean for ``--json``; ``figure`` is accuracy, AUC or R2.

    ``others`` are the boards of the search but the first, whose figures are the columns.
    """
    return LiveProgress(figure, others) if sys.stderr.isatty() else LineProgress(others)


class LineProgress:
    """One plain line per trial on stderr."""

    def __init__(self, others: tuple[str, ...] = ()) -> None:
        self._best: Record | None = None
        self._replayed, self._others = 0, others

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def trial(self, record: Record, replayed: bool, feasible_share: float, left: str) -> None:
        """Print the trial; the earlier trials of a resumed run are a single line."""
        self._best = better(self._best, record)
        if replayed:
            self._replayed += 1
            return
        if self._replayed:
            self._say(f"already done: {plural(self._replayed, 'trial')}")
            self._replayed = 0
        columns = terminal_columns(NARROW)
        cells = _line(trial_cells(record.trial, columns), columns)
        share = f"{percent(feasible_share)} fit | {left} left"
        self._say(
            " | ".join([cells, *on_others(record, self._others), f"best {best_text(self._best)}", share])
        )

    def phase(self, text: str) -> None:
        """Print the phase."""
        self._say(text)

    @staticmethod
    def _say(text: str) -> None:
        print(text.rstrip(), file=sys.stderr, flush=True)


class LiveProgress:
    """A panel with the latest trials, the best one, the feasible share, the remaining time and the phase.

    It disappears after a successful search, because the result is then printed; after Ctrl-C or an error it
    stays on the screen.
    """

    def __init__(self, figure: str, others: tuple[str, ...] = ()) -> None:
        from rich.live import Live

        self._figure, self._others = figure, others
        self._latest: tuple[Record, ...] = ()  # replaced as a whole, because another thread draws it
        self._best: Record | None = None
        self._status = "no trial yet"
        self._doing, self._since_s = "starting", time.monotonic()
        self._count = 0
        self._console = console(stderr=True)
        self._live = Live(
            console=self._console, get_renderable=self._panel, refresh_per_second=1, transient=True
        )

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.transient = kind is None
        if kind is not None:
            self._doing = "stopped"
        self._live.__exit__(kind, error, trace)

    def trial(self, record: Record, replayed: bool, feasible_share: float, left: str) -> None:
        """Redraw with the trial."""
        self._latest = (*self._latest, record)[-_SHOWN:]
        self._best = better(self._best, record)
        self._count += 1
        best = best_text(self._best)
        self._status = (
            f"{plural(self._count, 'trial')}, best {best}, {percent(feasible_share)} fit, {left} left"
        )
        self._live.refresh()

    def phase(self, text: str) -> None:
        """Redraw with the phase."""
        self._doing, self._since_s = text, time.monotonic()
        self._live.refresh()

    def _panel(self) -> Text:
        """Lines instead of a rich table, because a reason spans the columns of the figures."""
        from rich.text import Text

        columns = terminal_columns(self._console.width)
        header = _line([column.header(self._figure) for column in columns], columns)
        panel = Text(no_wrap=True, overflow="ellipsis")
        panel.append(f"{header}\n", style="bold")
        for record in self._latest:
            style = "bold" if record is self._best else ""
            cells = _line(trial_cells(record.trial, columns), columns)
            lines = in_lines(cells, on_others(record, self._others), self._console.width)
            panel.append("\n".join([*lines, ""]), style=style)
        panel.append(f"{self._status}\n", style="italic")
        panel.append(self._doing if self._doing == "stopped" else f"{self._doing} ({self._elapsed_s()} s)")
        return panel

    def _elapsed_s(self) -> int:
        return int(time.monotonic() - self._since_s)


def _line(cells: Sequence[str], columns: Sequence[Column]) -> str:
    return " ".join(cell.ljust(column.width) for cell, column in zip(cells, columns, strict=True))


def trial_cells(trial: Trial, columns: Sequence[Column]) -> list[str]:
    """The text of each column; the reason replaces the first figure that the trial does not have."""
    cells = [column.text(trial) for column in columns]
    if trial.scores is None:
        first = next((i for i, column in enumerate(columns) if column.value(trial) is None), len(cells) - 1)
        cells[first] = trial.reason if len(trial.reason) <= 60 else trial.reason[:57] + "..."
    return cells


def on_others(record: Record, boards: tuple[str, ...]) -> list[str]:
    """How the trial ended on each other board: ``nucleo_f103rb 91.2 %``."""
    from micronas.store.other_boards import on_board

    trials = {board: on_board(record, board).trial for board in boards}
    return [
        f"{board} {percent(trial.scores.quality_int8) if trial.scores else trial.ending.lower()}"
        for board, trial in trials.items()
    ]


def in_lines(cells: str, parts: Sequence[str], columns: int) -> list[str]:
    """``cells | part | part``; what has no room in ``columns`` begins a further line, below the outcome."""
    lines = [cells]
    for part in parts:
        line = f"{lines[-1].rstrip()} | {part}"
        if len(line) <= columns:
            lines[-1] = line
        else:
            lines.append(f"{'':{_INDENT}}{part}")
    return lines


_INDENT = len("trial  ")


def better(best: Record | None, record: Record) -> Record | None:
    """The record that ranks first: complete trainings before cut ones, then by reward, then the earlier."""
    if record.trial.outcome is not Outcome.COMPLETE or record.trial.scores is None:
        return best
    return record if best is None or record.trial.rank < best.trial.rank else best


def best_text(best: Record | None) -> str:
    """The best trial in a few words."""
    if best is None or best.trial.scores is None:
        return "none yet"
    return f"{percent(best.trial.scores.quality_int8)} (trial {best.trial.number})"
