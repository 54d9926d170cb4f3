"""The windows of CSV streams: their length and rate, and the labelled stretches of tables cut into them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from micronas.config import DataConfig
from micronas.data.sources.class_folders import ClassFile
from micronas.data.sources.csv_files import CsvTables
from micronas.data.sources.options import read, read_positive
from micronas.data.sources.stream_windows import (
    Counts,
    Stretch,
    Values,
    at_rate,
    sampling_period_s,
    stretches,
    windows_of,
)
from micronas.errors import DataError, plural

WINDOW, WINDOW_S = 64, 2.0
"""Rows of a window if nothing is said and no rate is known, and its seconds if one is."""


@dataclass(frozen=True)
class Windowing:
    """Rows of a window and from one window to the next, and the rate of the rows, 0 if it is not known.

    ``period_s`` is the sampling period by the time stamps, None without any.
    """

    window: int
    hop: int
    rate_hz: float
    period_s: float | None

    @property
    def sample_s(self) -> float | None:
        """Seconds of the stream that each window adds; None if the rate is not known."""
        return min(self.hop, self.window) / self.rate_hz if self.rate_hz else None


@dataclass(frozen=True)
class Owner:
    """The file and the stretch of a window, and the number of that stretch in the file."""

    file: ClassFile
    stretch: Stretch
    number: int


@dataclass(frozen=True, eq=False)
class CsvWindows:
    """``values`` (N, rows, channels), in a regression ``targets`` (N, rows), and the owner of each window.

    ``resampled`` stretches were interpolated; ``counts`` has the rows that are left out.
    """

    values: Values
    targets: Values | None
    owners: tuple[Owner, ...]
    resampled: int
    counts: Counts

    def notes(self, how: Windowing) -> Iterator[str]:
        """What was left out or interpolated, and the rate of the time stamps."""
        for what, number in sorted(self.counts.rows.items()):
            if number:
                yield f"{plural(number, 'row')} {what}"
        if how.period_s:
            length = f"windows of {how.window} rows are {how.window / how.rate_hz:.3g} s"
            yield f"time stamps: {1 / how.period_s:.4g} Hz; {length}"
        if self.resampled:
            uneven = plural(self.resampled, "stretch", "stretches")
            yield f"{uneven} of uneven time stamps interpolated to {how.rate_hz:.4g} Hz"


def windowing(config: DataConfig, tables: CsvTables) -> Windowing:
    """By the options, otherwise by the time stamps; raises ``DataError`` for options that contradict."""
    options = config.options
    period_s = sampling_period_s([table.recording for table in tables.by_file.values()])
    rate_hz = read_positive(options, "rate_hz", 0.0) or (1 / period_s if period_s else 0.0)
    if "window" in options and "window_s" in options:
        raise DataError("data options: give window (rows) or window_s (seconds), not both")
    if "window_s" in options and not rate_hz:
        raise DataError(
            "data option 'window_s' needs a rate: no time stamps were read",
            remedy="set data.options.rate_hz or data.options.time, or give the window in rows",
            settings=("data.options.rate_hz",),
        )
    default = round(WINDOW_S * rate_hz) if rate_hz else WINDOW
    window = read(options, "window", int, round(read_positive(options, "window_s", 0.0) * rate_hz) or default)
    hop = read(options, "hop", int, window)
    if window < 2 or hop < 1:
        raise DataError(
            f"data options: a window of {window} rows every {hop} rows",
            remedy="give a window of at least 2 rows and a hop of at least 1 row",
        )
    return Windowing(window, hop, rate_hz, period_s)


def cut_windows(root: Path, tables: CsvTables, how: Windowing, *, has_target: bool) -> CsvWindows:
    """Every labelled stretch at one rate, cut into windows; raises ``DataError`` if all are too short.

    With ``has_target``, the last channel of the tables is the target.
    """
    counts, pieces, owners = Counts(), list[Values](), list[Owner]()
    resampled = longest = 0
    for file, table in tables.by_file.items():
        for number, stretch in enumerate(stretches(table.recording, how.period_s, counts)):
            if not stretch.label:
                counts.rows["without a label skipped"] += len(stretch.values)
                continue
            values, changed = at_rate(stretch, how.rate_hz)
            found, starts = windows_of(values, how.window, how.hop)
            longest = max(longest, len(values))
            covered = starts[-1] + how.window if starts else 0
            counts.rows["at the end of a stretch, too few for a window, skipped"] += len(values) - covered
            resampled += changed
            pieces += found
            owners += [Owner(file, stretch, number)] * len(found)
    if not pieces:
        raise DataError(
            f"{root}: no stretch of rows without a gap, a missing row or a change of label is as long as a "
            f"window of {how.window} rows; the longest has {longest}",
            remedy="lower data.options.window, or check the time stamps and the columns",
            settings=("data.options.window",),
        )
    values = np.stack(pieces)
    inputs, targets = (values[:, :, :-1], values[:, :, -1]) if has_target else (values, None)
    return CsvWindows(inputs, targets, tuple(owners), resampled, counts)
