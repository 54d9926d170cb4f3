"""Sensor streams to windows of equal length: gaps, uneven time stamps and changes of label.

A stretch is a run of rows without a gap, of one label and one group. Windows never leave a stretch.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]
Names = npt.NDArray[np.str_]

GAP_PERIODS = 5.0
"""A pause longer than this many sampling periods is a gap; shorter ones are interpolated."""
JITTER = 0.02
"""Deviation of a time stamp from its place, in periods, up to which samples are taken as they are."""


@dataclass(frozen=True, eq=False)
class Recording:
    """Rows of one file in their order: ``values`` (rows, channels), names (rows,), seconds (rows,) if known.

    A row with NaN in ``values`` or ``seconds`` is missing.
    """

    name: str
    values: Values
    labels: Names
    groups: Names
    seconds: Values | None = None


@dataclass(frozen=True, eq=False)
class Stretch:
    """Rows of one label and group without a gap; ``first_row`` is that of the recording, from 0."""

    recording: str
    first_row: int
    values: Values
    label: str
    group: str
    seconds: Values | None


@dataclass
class Counts:
    """What was done to the rows of all recordings, by kind."""

    rows: Counter[str] = field(default_factory=Counter)


def sampling_period_s(recordings: list[Recording]) -> float | None:
    """Median distance of consecutive time stamps; None if no recording has usable ones."""
    steps = [np.diff(r.seconds[np.isfinite(r.seconds)]) for r in recordings if r.seconds is not None]
    positive = [s[s > 0] for s in steps]
    joined = np.concatenate(positive) if positive else np.empty(0)
    return float(np.median(joined)) if len(joined) else None


def stretches(recording: Recording, period_s: float | None, counts: Counts) -> list[Stretch]:
    """The stretches of ``recording``; missing rows, double time stamps, jumps back and gaps are counted."""
    missing = ~np.isfinite(recording.values).all(axis=1)
    if recording.seconds is not None:
        missing |= ~np.isfinite(recording.seconds)
    counts.rows["with missing values skipped"] += int(missing.sum())
    rows = np.flatnonzero(~missing)
    if recording.seconds is not None and len(rows):
        double = np.r_[False, np.diff(recording.seconds[rows]) == 0]
        counts.rows["with the time stamp of the row before skipped"] += int(double.sum())
        rows = rows[~double]
    if not len(rows):
        return []
    starts = np.flatnonzero(_breaks(recording, rows, period_s, counts))
    ends = [*starts[1:], len(rows)]
    return [_stretch(recording, rows[a:b]) for a, b in zip(starts, ends, strict=True)]


def _breaks(
    recording: Recording, rows: npt.NDArray[np.int64], period_s: float | None, counts: Counts
) -> npt.NDArray[np.bool_]:
    """True at each of ``rows`` that begins a stretch."""
    new = np.r_[True, recording.labels[rows][1:] != recording.labels[rows][:-1]]
    new |= np.r_[True, recording.groups[rows][1:] != recording.groups[rows][:-1]]
    if recording.seconds is None or period_s is None:
        jumps = np.r_[False, np.diff(rows) > 1]  # a missing row of a stream without time stamps
        return np.asarray(new | jumps)
    steps = np.r_[period_s, np.diff(recording.seconds[rows])]
    back, gap = steps < 0, steps > GAP_PERIODS * period_s
    counts.rows["after a jump back in time"] += int((back & ~new).sum())
    counts.rows["after a gap in time"] += int((gap & ~new).sum())
    return np.asarray(new | back | gap)


def _stretch(recording: Recording, rows: npt.NDArray[np.int64]) -> Stretch:
    return Stretch(
        recording.name,
        int(rows[0]),
        recording.values[rows],
        str(recording.labels[rows[0]]),
        str(recording.groups[rows[0]]),
        None if recording.seconds is None else recording.seconds[rows],
    )


def at_rate(stretch: Stretch, rate_hz: float) -> tuple[Values, bool]:
    """Values at a steady ``rate_hz``, interpolated linearly, and whether that changed anything.

    Values whose time stamps are already steady (within ``JITTER``) are returned as they are.
    """
    if stretch.seconds is None:
        return stretch.values, False
    seconds = stretch.seconds - stretch.seconds[0]
    places = np.arange(len(seconds)) / rate_hz
    if np.abs(seconds - places).max() <= JITTER / rate_hz:
        return stretch.values, False
    grid = np.arange(int(np.floor(seconds[-1] * rate_hz + 1e-6)) + 1) / rate_hz
    columns = [np.interp(grid, seconds, column) for column in stretch.values.T]
    return np.stack(columns, axis=1), True


def windows_of(values: Values, window: int, hop: int) -> tuple[list[Values], list[int]]:
    """Windows (window, channels) every ``hop`` rows, and the row at which each begins."""
    starts = list(range(0, len(values) - window + 1, hop))
    return [values[start : start + window] for start in starts], starts
