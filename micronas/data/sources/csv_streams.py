"""The source ``csv``: sensor streams in one CSV file or a folder of them, cut into windows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from micronas.config import DataConfig
from micronas.data.anomalies import against_normal
from micronas.data.dataset import DataKind, FrontEnd, Labels
from micronas.data.samples import Samples, name_some
from micronas.data.sources.csv_files import CsvFiles, CsvTables, csv_files, read_tables
from micronas.data.sources.csv_layout import csv_layout
from micronas.data.sources.csv_windows import CsvWindows, Owner, Windowing, cut_windows, windowing
from micronas.data.sources.membership import numbered
from micronas.data.sources.npz import require_path
from micronas.data.sources.options import read, read_choice, read_names, refuse_unknown
from micronas.data.sources.stream_windows import Names, Values
from micronas.data.sources.window_files import SIGNALS, load_window_files
from micronas.data.targets import as_regression, target_option
from micronas.errors import DataError

LEAST_GROUPS = 3
"""Files or stretches that each class needs, one for each split, to be the groups if none are named."""

OPTIONS = (
    *("columns", "names", "label", "groups", "pattern", "time", "time_unit", "rate_hz", "window", "window_s"),
    *("hop", "normalise", "skip_bad", "classes", "normal", "target", "target_at", "unit"),
)


def load_csv(config: DataConfig) -> Samples:
    """Streams (window, 1, channels); see docs/guides/data.md for the options."""
    if SIGNALS in config.options:
        return load_window_files(config, require_path(config))
    refuse_unknown(config.name, config.options, (*OPTIONS, SIGNALS))
    root, layout = require_path(config), csv_layout(config)
    files = csv_files(config, root, layout)
    tables = read_tables(files, layout)
    how = windowing(config, tables)
    windows = cut_windows(root, tables, how, has_target=bool(layout.target))
    samples = _samples(config, files, tables, windows, how)
    if windows.targets is not None:
        return as_regression(
            samples, _window_targets(config, windows.targets), *target_option(config.options)
        )
    normal = read(config.options, "normal", str, "")
    return against_normal(samples, normal) if normal else samples


def _samples(
    config: DataConfig, files: CsvFiles, tables: CsvTables, windows: CsvWindows, how: Windowing
) -> Samples:
    """The windows as samples; those of a regression have no labels yet."""
    owners = windows.owners
    y, class_names = _labels(config, owners) if windows.targets is None else (_unlabelled(owners), ())
    groups, group_note = _groups(owners, y, how.hop < how.window)
    parameters = {"rate_hz": round(how.rate_hz, 6), "window": how.window, "hop": how.hop}
    return Samples(
        name=files.root.resolve().stem,
        kind=DataKind.STREAM,
        x=windows.values.astype(np.float32)[:, :, np.newaxis, :],
        y=y,
        class_names=class_names,
        input_range=None,
        front_end=FrontEnd("stream", 1, {"columns": ",".join(tables.columns), **parameters}),
        groups=groups,
        part=np.array([owner.file.part for owner in owners], np.int64) if files.has_parts else None,
        origins=tuple(f"{o.stretch.recording} row {o.stretch.first_row + 1}" for o in owners),
        normalise=read(config.options, "normalise", bool, True),
        damaged=tables.bad,
        sample_s=how.sample_s,
        files=tuple(owner.file.path for owner in owners),
        notes=(
            *files.notes,
            *tables.notes,
            *windows.notes(how),
            *([group_note] if group_note else []),
        ),
    )


def _unlabelled(owners: Sequence[Owner]) -> Labels:
    return np.zeros(len(owners), np.int64)


def _labels(config: DataConfig, owners: Sequence[Owner]) -> tuple[Labels, tuple[str, ...]]:
    """The class (N,) of each window, and the names of the classes."""
    found = np.array([owner.stretch.label for owner in owners])
    chosen = read_names(config.options, "classes")
    if not chosen:
        return numbered(found)
    unknown = sorted(set(found.tolist()) - set(chosen))
    if unknown:
        raise DataError(
            f"labels {name_some(unknown)} are not in data.options.classes",
            remedy="list them, in the order you want",
            settings=("data.options.classes",),
        )
    return np.array([chosen.index(label) for label in found], np.int64), chosen


def _window_targets(config: DataConfig, targets: Values) -> Values:
    """The target (N,) of windows of targets (N, rows): that of the last row, or the mean of all rows."""
    if read_choice(config.options, "target_at", ("end", "mean"), "end") == "mean":
        return np.asarray(targets.mean(axis=1), np.float64)
    return np.asarray(targets[:, -1], np.float64)


def _groups(owners: Sequence[Owner], y: Labels, overlap: bool) -> tuple[Names | None, str]:
    """Groups that are named, otherwise files or stretches if each class has enough of them; and a note."""
    if any(owner.stretch.group for owner in owners):
        return np.array([owner.stretch.group for owner in owners]), ""
    by_file = np.array([owner.file.name for owner in owners])
    by_stretch = np.array([f"{owner.file.name} {owner.number}" for owner in owners])
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
