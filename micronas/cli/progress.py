"""Progress of a search: a live panel on a terminal, one line per trial elsewhere."""

from __future__ import annotations

import sys
from collections import deque
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from micronas.cli.output import console, kb, percent
from micronas.errors import plural
from micronas.store import Record
from micronas.trial import Outcome

if TYPE_CHECKING:
    from rich.table import Table

_SHOWN = 8


class Progress(Protocol):
    """An observer of the search (``micronas.search.loop.Observer``) that is entered and left."""

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


def make_progress() -> Progress:
    """Progress on stderr, so that stdout stays clean for ``--json``."""
    return LiveProgress() if sys.stderr.isatty() else LineProgress()


class LineProgress:
    """One plain line per trial on stderr."""

    def __init__(self) -> None:
        self._best: Record | None = None
        self._replayed = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def trial(self, record: Record, replayed: bool, feasible_share: float, left: str) -> None:
        """Print the trial; what a resumed run has done before is one line in all."""
        self._best = better(self._best, record)
        if replayed:
            self._replayed += 1
            return
        if self._replayed:
            self._say(f"done before: {plural(self._replayed, 'trial')}")
            self._replayed = 0
        cells = " ".join(cell.ljust(width) for cell, width in zip(trial_cells(record), _WIDTHS, strict=True))
        self._say(f"{cells} | best {best_text(self._best)} | {percent(feasible_share)} fit | {left} left")

    def phase(self, text: str) -> None:
        """Print the phase."""
        self._say(text)

    @staticmethod
    def _say(text: str) -> None:
        print(text.rstrip(), file=sys.stderr, flush=True)


class LiveProgress:
    """A panel with the latest trials, the best one, the feasible share and the time left."""

    def __init__(self) -> None:
        from rich.live import Live

        self._latest: deque[Record] = deque(maxlen=_SHOWN)
        self._best: Record | None = None
        self._status = "starting"
        self._count = 0
        self._live = Live(console=console(stderr=True), auto_refresh=False, transient=True)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.__exit__(kind, error, trace)

    def trial(self, record: Record, replayed: bool, feasible_share: float, left: str) -> None:
        """Redraw with the trial."""
        self._latest.append(record)
        self._best = better(self._best, record)
        self._count += 1
        best = best_text(self._best)
        self._status = (
            f"{plural(self._count, 'trial')}, best {best}, {percent(feasible_share)} fit, {left} left"
        )
        self._draw()

    def phase(self, text: str) -> None:
        """Redraw with the phase."""
        self._status = f"{plural(self._count, 'trial')}, best {best_text(self._best)}; {text}"
        self._draw()

    def _draw(self) -> None:
        self._live.update(self._table(), refresh=True)

    def _table(self) -> Table:
        from rich import box
        from rich.table import Table

        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, caption=self._status, caption_justify="left")
        for name in ("trial", "outcome", "accuracy", "flash", "SRAM", "latency", "reward"):
            table.add_column(name, no_wrap=True)
        for record in self._latest:
            bold = "bold" if record is self._best else ""
            table.add_row(*trial_cells(record), style=bold)
        return table


_WIDTHS = (6, 10, 8, 9, 9, 20, 6)


def trial_cells(record: Record) -> tuple[str, str, str, str, str, str, str]:
    """Number, outcome, int8 accuracy, flash, SRAM, latency with its source, reward; or the reason."""
    trial = record.trial
    if trial.scores is None:
        reason = trial.reason if len(trial.reason) <= 60 else trial.reason[:57] + "..."
        return str(trial.number), trial.outcome.value.lower(), reason, "", "", "", ""
    scores = trial.scores
    latency = f"{scores.latency.ms:.2f} ms {scores.latency.source.value}" if scores.latency else "not run"
    return (
        str(trial.number),
        trial.outcome.value.lower(),
        percent(scores.quality_int8),
        kb(scores.flash_bytes),
        kb(scores.sram_bytes),
        latency,
        f"{scores.reward:.4f}",
    )


def better(best: Record | None, record: Record) -> Record | None:
    """The record with the higher reward; the earlier of equals."""
    if record.trial.outcome is not Outcome.COMPLETE or record.trial.scores is None:
        return best
    if best is None or best.trial.scores is None:
        return record
    return record if record.trial.scores.reward > best.trial.scores.reward else best


def best_text(best: Record | None) -> str:
    """The best trial in a few words."""
    if best is None or best.trial.scores is None:
        return "none yet"
    return f"{percent(best.trial.scores.quality_int8)} (trial {best.trial.number})"
