"""The source ``csv``: sensor streams in one CSV file or a folder of them, cut into windows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from micronas.config import DataConfig
from micronas.data.anomalies import against_normal
from micronas.data.dataset import DataKind, FrontEnd, Labels
from micronas.data.samples import Samples, name_some
from micronas.data.sources.class_folders import PART_NAMES, class_files
from micronas.data.sources.csv_table import SUFFIXES, UNITS_S, CsvLayout, CsvTable, read_table
from micronas.data.sources.membership import compiled, numbered
from micronas.data.sources.npz import require_path
from micronas.data.sources.options import read, read_choice, read_names, read_positive, refuse_unknown
from micronas.data.sources.stream_windows import (
    Counts,
    Stretch,
    Values,
    at_rate,
    sampling_period_s,
    stretches,
    windows_of,
)
from micronas.data.sources.window_files import SIGNALS, load_window_files
from micronas.data.split import TRAIN
from micronas.data.targets import as_regression, target_option
from micronas.errors import DataError, plural

WINDOW, WINDOW_S = 64, 2.0
"""Rows of a window if nothing is said and no rate is known, and its seconds if one is."""
LEAST_GROUPS = 3
"""Files or stretches that each class needs, one for each split, to be the groups if none are named."""

OPTIONS = (
    *("columns", "names", "label", "groups", "pattern", "time", "time_unit", "rate_hz", "window", "window_s"),
    *("hop", "normalise", "skip_bad", "classes", "normal", "target", "target_at", "unit"),
)


@dataclass(frozen=True)
class _File:
    """A file, its name in messages, its class folder if that is the label, and its prepared part."""

    path: Path
    name: str
    class_name: str
    part: int


def load_csv(config: DataConfig) -> Samples:
    """Streams (window, 1, channels); see docs/guides/data.md for the options."""
    if SIGNALS in config.options:
        return load_window_files(config, require_path(config))
    refuse_unknown(config.name, config.options, (*OPTIONS, SIGNALS))
    root, layout = require_path(config), _layout(config)
    files, has_parts, notes = _files(config, root, layout)
    tables, bad = _read_all(files, layout)
    if bad and not layout.skip_bad and (tables or _read_all(files, replace(layout, skip_bad=True))[0]):
        raise DataError(
            f"{root}: {plural(len(bad), 'file')} cannot be used: {name_some(bad)}",
            remedy="correct them, or set data.options.skip_bad: true to skip them and single bad lines",
        )
    columns = _common_columns(root, tables, bad)
    return _samples(config, root, tables, columns, bad, has_parts, notes)


def _layout(config: DataConfig) -> CsvLayout:
    options = config.options
    pattern = read(options, "pattern", str, "")
    expression = compiled("pattern", pattern) if pattern else None
    label = read(options, "label", str, "")
    target, _ = target_option(options)
    by_pattern = expression is not None and "label" in expression.groupindex
    if expression is not None and not expression.groupindex:
        raise DataError(
            f"data option 'pattern': {pattern!r} has no named group",
            remedy="for example: pattern: '(?P<label>[a-z]+)_(?P<subject>[0-9]+)'",
        )
    if target and by_pattern:
        raise DataError(
            f"data option 'pattern': {pattern!r} finds labels, and a regression has no classes",
            remedy="leave the group 'label' out of the pattern, or remove data.options.target",
        )
    return CsvLayout(
        columns=read_names(options, "columns"),
        names=read_names(options, "names"),
        label=label,
        group=read(options, "groups", str, ""),
        time=read(options, "time", str, ""),
        time_unit=read_choice(options, "time_unit", tuple(UNITS_S), "s"),
        pattern=expression,
        skip_bad=read(options, "skip_bad", bool, False),
        folder_label=not label and not by_pattern and not target,
        target=target,
    )


def _files(config: DataConfig, root: Path, layout: CsvLayout) -> tuple[list[_File], bool, tuple[str, ...]]:
    """The files, whether the layout of folders or file names is a prepared split, and notes."""
    if not root.exists():
        raise DataError(
            f"no such file or folder: {root}", remedy="set data.path to a CSV file or a folder of them"
        )
    if layout.folder_label:
        if root.is_file():
            raise DataError(
                f"{root}: the class of a row is not known",
                remedy="set data.options.label to the column of the labels, or data.options.pattern, "
                "or data.options.target to the column of the numbers to predict",
            )
        listing = class_files(config, SUFFIXES, "CSV files")
        files = [_File(f.path, f.name, f.class_name, f.part) for f in listing.files]
        return files, listing.has_parts, listing.notes
    if root.is_file():
        return [_File(root, root.name, "", TRAIN)], False, ()
    paths = sorted(p for p in root.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
    visible = [p for p in paths if not any(x.startswith(".") for x in p.relative_to(root).parts)]
    if not visible:
        raise DataError(f"{root}: no CSV files ({', '.join(sorted(SUFFIXES))})")
    parts = [_part(p.relative_to(root)) for p in visible]
    has_parts = None not in parts and len(set(parts)) > 1 and TRAIN in parts
    files = [
        _File(p, p.relative_to(root).as_posix(), "", part if has_parts and part is not None else TRAIN)
        for p, part in zip(visible, parts, strict=True)
    ]
    return files, has_parts, ("the split is that of the folders or files",) if has_parts else ()


def _part(path: Path) -> int | None:
    """The part that the first folder or the file itself is named after: ``train/a.csv``, ``test.csv``."""
    return PART_NAMES.get((path.parts[0] if len(path.parts) > 1 else path.stem).lower())


def _read_all(files: list[_File], layout: CsvLayout) -> tuple[dict[_File, CsvTable], list[str]]:
    tables, bad = {}, []
    for file in files:
        try:
            tables[file] = read_table(file.path, file.name, layout, file.class_name)
        except DataError as error:
            if error.remedy:  # pandas is missing
                raise
            bad.append(f"{file.name} ({error.message})")
    return tables, bad


def _common_columns(root: Path, tables: dict[_File, CsvTable], bad: list[str]) -> tuple[str, ...]:
    if not tables:
        raise DataError(
            f"{root}: no CSV file can be read: {name_some(bad)}",
            remedy="repair the files, or the columns and the target in data.options",
        )
    found = {table.columns for table in tables.values()}
    if len(found) > 1:
        lists = [name_some(list(columns)) for columns in sorted(found)]
        raise DataError(
            f"{root}: the files have different numeric columns: {'; '.join(lists[:4])}",
            remedy="list those to use in data.options.columns; of files without a header, all names in "
            "data.options.names",
        )
    return found.pop()


def _samples(
    config: DataConfig,
    root: Path,
    tables: dict[_File, CsvTable],
    columns: tuple[str, ...],
    bad: list[str],
    has_parts: bool,
    notes: tuple[str, ...],
) -> Samples:
    counts = Counts()
    period_s = sampling_period_s([table.recording for table in tables.values()])
    rate_hz = read_positive(config.options, "rate_hz", 0.0) or (1 / period_s if period_s else 0.0)
    window, hop = _lengths(config, rate_hz)
    cut = _windows(tables, period_s, rate_hz, window, hop, counts)
    owners = cut.owners
    if not cut.pieces:
        raise DataError(
            f"{root}: no stretch of rows without a gap, a missing row or a change of label is as long as a "
            f"window of {window} rows; the longest has {cut.longest}",
            remedy="lower data.options.window, or check the time stamps and the columns",
        )
    target, unit = target_option(config.options)
    values = np.stack(cut.pieces)
    y, class_names = (_unlabelled(owners), ()) if target else _labels(config, owners)
    groups, group_note = _groups(owners, y, hop < window)
    samples = Samples(
        name=root.resolve().stem,
        kind=DataKind.STREAM,
        x=(values[:, :, :-1] if target else values).astype(np.float32)[:, :, np.newaxis, :],
        y=y,
        class_names=class_names,
        input_range=None,
        front_end=FrontEnd(
            "stream",
            1,
            {"columns": ",".join(columns), "rate_hz": round(rate_hz, 6), "window": window, "hop": hop},
        ),
        groups=groups,
        part=np.array([file.part for file, _, _ in owners], np.int64) if has_parts else None,
        origins=tuple(f"{stretch.recording} row {stretch.first_row + 1}" for _, stretch, _ in owners),
        normalise=read(config.options, "normalise", bool, True),
        damaged=tuple(bad),
        sample_s=min(hop, window) / rate_hz if rate_hz else None,
        files=tuple(file.path for file, _, _ in owners),
        notes=(
            *notes,
            *([f"{plural(len(bad), 'file')} skipped: {name_some(bad)}"] if bad else []),
            *(f"{table.recording.name}: {note}" for table in tables.values() for note in table.notes),
            *_left_out(tables),
            *_notes(counts, cut.resampled, rate_hz, window, period_s),
            *([group_note] if group_note else []),
        ),
    )
    if target:
        return as_regression(samples, _window_targets(config, values[:, :, -1]), target, unit)
    normal = read(config.options, "normal", str, "")
    return against_normal(samples, normal) if normal else samples


def _left_out(tables: dict[_File, CsvTable]) -> Iterator[str]:
    """A note on the columns that are no inputs because a cell of them is not a number."""
    cells = {name: cell for table in tables.values() for name, cell in table.left_out}
    if names := [f"{name} ({cell})" for name, cell in sorted(cells.items())]:
        yield (
            f"left out, because they hold text: {name_some(names)}; to use a column, correct these cells, or "
            "name it in data.options.columns, where they count as missing"
        )


def _unlabelled(owners: list[tuple[_File, Stretch, int]]) -> Labels:
    return np.zeros(len(owners), np.int64)


def _window_targets(config: DataConfig, targets: Values) -> Values:
    """The target (N,) of windows of targets (N, rows): that of the last row, or the mean of all rows."""
    if read_choice(config.options, "target_at", ("end", "mean"), "end") == "mean":
        return np.asarray(targets.mean(axis=1), np.float64)
    return np.asarray(targets[:, -1], np.float64)


@dataclass
class _Windows:
    """The windows of all files, whose they are (file, stretch and its number), and stretches resampled.

    ``longest`` has the rows of the longest stretch. In a regression, the last channel of a window is its
    target.
    """

    pieces: list[Values] = field(default_factory=list)
    owners: list[tuple[_File, Stretch, int]] = field(default_factory=list)
    resampled: int = 0
    longest: int = 0


def _windows(
    tables: dict[_File, CsvTable],
    period_s: float | None,
    rate_hz: float,
    window: int,
    hop: int,
    counts: Counts,
) -> _Windows:
    """Every labelled stretch at one rate, cut into windows; ``counts`` gets the rows that are left out."""
    cut = _Windows()
    for file, table in tables.items():
        for number, stretch in enumerate(stretches(table.recording, period_s, counts)):
            if not stretch.label:
                counts.rows["without a label skipped"] += len(stretch.values)
                continue
            values, changed = at_rate(stretch, rate_hz)
            found, starts = windows_of(values, window, hop)
            cut.longest = max(cut.longest, len(values))
            covered = starts[-1] + window if starts else 0
            counts.rows["at the end of a stretch, too few for a window, skipped"] += len(values) - covered
            cut.resampled += changed
            cut.pieces += found
            cut.owners += [(file, stretch, number)] * len(found)
    return cut


def _lengths(config: DataConfig, rate_hz: float) -> tuple[int, int]:
    """Rows of a window, and from one window to the next."""
    options = config.options
    if "window" in options and "window_s" in options:
        raise DataError("data options: give window (rows) or window_s (seconds), not both")
    if "window_s" in options and not rate_hz:
        raise DataError(
            "data option 'window_s' needs a rate: no time stamps were read",
            remedy="set data.options.rate_hz or data.options.time, or give the window in rows",
        )
    default = round(WINDOW_S * rate_hz) if rate_hz else WINDOW
    window = read(options, "window", int, round(read_positive(options, "window_s", 0.0) * rate_hz) or default)
    hop = read(options, "hop", int, window)
    if window < 2 or hop < 1:
        raise DataError(
            f"data options: a window of {window} rows every {hop} rows",
            remedy="give a window of at least 2 rows and a hop of at least 1 row",
        )
    return window, hop


def _labels(config: DataConfig, owners: list[tuple[_File, Stretch, int]]) -> tuple[Labels, tuple[str, ...]]:
    found = np.array([stretch.label for _, stretch, _ in owners])
    chosen = read_names(config.options, "classes")
    if not chosen:
        return numbered(found)
    unknown = sorted(set(found.tolist()) - set(chosen))
    if unknown:
        raise DataError(
            f"labels {name_some(unknown)} are not in data.options.classes",
            remedy="list them, in the order you want",
        )
    return np.array([chosen.index(label) for label in found], np.int64), chosen


def _groups(
    owners: list[tuple[_File, Stretch, int]], y: Labels, overlap: bool
) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.str_]] | None, str]:
    """Groups that are named, otherwise files or stretches if each class has enough of them; and a note."""
    if any(stretch.group for _, stretch, _ in owners):
        return np.array([stretch.group for _, stretch, _ in owners]), ""
    by_file = np.array([file.name for file, _, _ in owners])
    by_stretch = np.array([f"{file.name} {number}" for file, _, number in owners])
    for groups, what in ((by_file, "file"), (by_stretch, "stretch of rows")):
        members: dict[int, set[str]] = defaultdict(set)
        for label, group in zip(y.tolist(), groups.tolist(), strict=True):
            members[label].add(group)
        if min(len(names) for names in members.values()) >= LEAST_GROUPS:
            return groups, f"no groups are named: the windows of a {what} stay in one split"
    share = "overlapping windows" if overlap else "windows of one recording"
    return None, (
        f"{share} are in several splits, which makes accuracy look better than it is: "
        "name the persons or recordings (data.options.groups or pattern), or record more"
    )


def _notes(
    counts: Counts, resampled: int, rate_hz: float, window: int, period_s: float | None
) -> Iterator[str]:
    found: Counter[str] = Counter({what: n for what, n in counts.rows.items() if n})
    for what, number in sorted(found.items()):
        yield f"{plural(number, 'row')} {what}"
    if period_s:
        yield f"time stamps: {1 / period_s:.4g} Hz; windows of {window} rows are {window / rate_hz:.3g} s"
    if resampled:
        uneven = plural(resampled, "stretch", "stretches")
        yield f"{uneven} of uneven time stamps interpolated to {rate_hz:.4g} Hz"
