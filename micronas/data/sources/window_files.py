"""Sensor windows in one text file per channel, a window per line: the layout of UCI HAR's "Inertial Signals".

``PART/.../SIGNAL_PART.txt`` holds a window per line, its values separated by spaces or commas. The class of
each window is the same line of ``y_PART.txt``, its person that of ``subject_PART.txt``.
``activity_labels.txt`` in the root names the classes. ``PART`` is train and test; without such folders all
files are in one folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from micronas.config import DataConfig
from micronas.data.anomalies import against_normal
from micronas.data.dataset import DataKind, FrontEnd
from micronas.data.samples import Samples, name_some
from micronas.data.sources.class_folders import PART_NAMES
from micronas.data.sources.membership import numbered
from micronas.data.sources.options import read, read_names, read_positive, refuse_unknown
from micronas.data.split import TRAIN
from micronas.errors import DataError, plural
from micronas.model.front_end.definition import Parameter

SIGNALS = "signals"
OPTIONS = (SIGNALS, "label", "groups", "rate_hz", "hop", "normalise", "normal")
LABEL, GROUPS, CLASSES = "y", "subject", "activity_labels.txt"

UCI_FOLDER, UCI_RATE_HZ = "Inertial Signals", 50
"""Of UCI HAR: where its windows are, and their rate."""

Windows = npt.NDArray[np.float32]
Names = npt.NDArray[np.str_]


@dataclass(frozen=True, eq=False)
class _Part:
    """Windows (N, rows, channels) of one folder, with class, person ("" if unknown) and origin of each."""

    part: int
    x: Windows
    labels: Names
    groups: Names
    origins: tuple[str, ...]


def load_window_files(config: DataConfig, root: Path) -> Samples:
    """Options: signals (beginnings of the file names), label, groups, rate_hz, hop, normalise, normal."""
    options = config.options
    refuse_unknown(config.name, options, OPTIONS)
    signals = read_names(options, SIGNALS)
    names = read(options, "label", str, LABEL), read(options, "groups", str, GROUPS)
    folders = _folders(root)
    parts = [_read_part(folder, part, signals, *names) for part, folder in folders]
    rows = {part.x.shape[1] for part in parts}
    if len(rows) > 1:
        raise DataError(f"{root}: windows of different lengths: {', '.join(map(str, sorted(rows)))} values")
    labels, groups = (np.concatenate([getattr(p, name) for p in parts]) for name in ("labels", "groups"))
    named, unused = _named(root, labels)
    y, class_names = numbered(named)
    rate_hz, window = read_positive(options, "rate_hz", 0.0), rows.pop()
    hop = read(options, "hop", int, window)
    if not 1 <= hop <= window:
        raise DataError(f"data option 'hop' must be from 1 to the {window} rows of a window, not {hop}")
    parameters: dict[str, Parameter] = {
        "columns": ",".join(signals),
        "rate_hz": round(rate_hz, 6),
        "window": window,
        "hop": hop,
    }
    samples = Samples(
        name=root.resolve().name,
        kind=DataKind.STREAM,
        x=np.concatenate([part.x for part in parts])[:, :, np.newaxis, :],
        y=y,
        class_names=class_names,
        input_range=None,
        front_end=FrontEnd("stream", 1, parameters),
        groups=groups if (groups != "").all() else None,
        part=np.repeat([p.part for p in parts], [len(p.x) for p in parts]) if len(parts) > 1 else None,
        origins=tuple(origin for part in parts for origin in part.origins),
        normalise=read(options, "normalise", bool, True),
        sample_s=hop / rate_hz if rate_hz else None,
        notes=(
            f"{plural(len(y), 'window')} of {window} rows, one per line of {plural(len(signals), 'file')}",
            *(["the split is that of the folders"] if len(parts) > 1 else []),
            *([f"classes of {CLASSES} without a window: {name_some(list(unused))}"] if unused else []),
        ),
    )
    normal = read(options, "normal", str, "")
    return against_normal(samples, normal) if normal else samples


def uci_signals(root: Path) -> list[str]:
    """The names of the signals if ``root`` has the layout of UCI HAR; otherwise none."""
    files = sorted((root / "train" / UCI_FOLDER).glob("*_train.txt"))
    return [path.stem.removesuffix("_train") for path in files]


def _folders(root: Path) -> list[tuple[int, Path]]:
    """The folder of each part, or the root alone."""
    if not root.is_dir():
        raise DataError(
            f"no such folder: {root}",
            remedy="with data.options.signals, data.path is the folder of the files",
            settings=("data.path",),
        )
    found = [(PART_NAMES[p.name.lower()], p) for p in sorted(root.iterdir()) if p.name.lower() in PART_NAMES]
    return found if TRAIN in {part for part, _ in found} else [(TRAIN, root)]


def _read_part(folder: Path, part: int, signals: Sequence[str], label: str, groups: str) -> _Part:
    tables = {name: _table(_file(folder, name)) for name in signals}
    labels = _column(_file(folder, label))
    persons = _file(folder, groups, required=groups != GROUPS)
    owners = _column(persons) if persons is not None else np.full(len(labels), "")
    counts = {name: len(rows) for name, rows in (*tables.items(), (label, labels), (groups, owners))}
    if len(set(counts.values())) > 1:
        found = ", ".join(f"{name} {count:,}" for name, count in counts.items())
        raise DataError(f"{folder}: files differ in their lines: {found}", remedy="unpack the archive again")
    if len({table.shape[1] for table in tables.values()}) > 1:
        found = ", ".join(f"{name} {table.shape[1]}" for name, table in tables.items())
        raise DataError(f"{folder}: windows of different lengths: {found} values per line")
    origins = tuple(f"{folder.name} line {line}" for line in range(1, len(labels) + 1))
    return _Part(part, np.stack(list(tables.values()), axis=-1), labels, owners, origins)


def _file(folder: Path, name: str, required: bool = True) -> Path | None:
    """The only file below ``folder`` called ``name.txt`` or ``name_....txt``."""
    found = sorted(p for p in folder.rglob("*.txt") if p.stem == name or p.stem.startswith(f"{name}_"))
    if len(found) > 1:
        raise DataError(
            f"{folder}: {', '.join(p.name for p in found)} begin with {name!r}",
            remedy="write the name so that it fits one file",
        )
    if not found and required:
        raise DataError(
            f"{folder}: no file {name}_*.txt",
            remedy="data.options.signals, label and groups name the files",
            settings=("data.options.signals",),
        )
    return found[0] if found else None


def _table(path: Path | None) -> Windows:
    """float32 (lines, values)."""
    assert path is not None, "required"
    try:
        text = path.read_text(encoding="utf-8").replace(",", " ")
        return np.loadtxt(text.splitlines(), dtype=np.float32, ndmin=2)
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise DataError(f"{path}: {str(error).splitlines()[0]}") from error


def _column(path: Path | None) -> Names:
    """The first word of each line that has one."""
    assert path is not None, "required"
    return np.array([line.split()[0] for line in _lines(path) if line.strip()])


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: {error}") from error


def _named(root: Path, labels: Names) -> tuple[Names, tuple[str, ...]]:
    """Labels by their names in ``activity_labels.txt`` (number, name), where there is one; names without any.

    Raises ``DataError`` for a label without a name, and for a file that gives one twice.
    """
    path = root / CLASSES
    if not path.exists():
        return labels, ()
    names = _class_names(path)
    found = set(labels.tolist())
    if unknown := sorted(found - set(names)):
        raise DataError(
            f"{path} names no class {', '.join(unknown)}; it has {plural(len(names), 'class', 'classes')}",
            remedy="add a line with the number and the name of each class, or remove the file",
        )
    unused = tuple(name for number, name in names.items() if number not in found)
    return np.array([names[label] for label in labels.tolist()]), unused


def _class_names(path: Path) -> dict[str, str]:
    """Number -> name, of each line that is not empty."""
    names: dict[str, str] = {}
    for number, line in enumerate(_lines(path), 1):
        parts = line.split(maxsplit=1)
        if not parts:
            continue
        name = parts[1].strip() if len(parts) == 2 else ""
        if not name or parts[0] in names or name in names.values():
            fault = "has no name" if not name else "repeats a number or a name"
            raise DataError(
                f"{path} line {number} {fault}: {line.strip()!r}",
                remedy="write one line per class: its number, a space and a name of its own",
            )
        names[parts[0]] = name
    return names
