"""One CSV file as a recording: separator, header, columns, time stamps; read by pandas."""

from __future__ import annotations

import importlib
import io
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from micronas.data.sources.csv_layout import UNITS_S, CsvLayout
from micronas.data.sources.membership import GROUP_NAMES
from micronas.data.sources.stream_windows import Recording, Values
from micronas.errors import DataError, plural
from micronas.host.installation import install_command

SUFFIXES = frozenset({".csv", ".txt", ".tsv"})
_SEPARATORS = (",", ";", "\t")


@dataclass(frozen=True, eq=False)
class CsvTable:
    """A recording, the names of its channels, and what was left out of its file, in words.

    ``left_out`` are columns that are no channels because they hold text, each with such a cell, if no option
    named the channels.

    In a regression, the recording has the targets as a further, last channel, which gaps and resampling
    treat like the others.
    """

    recording: Recording
    columns: tuple[str, ...]
    notes: tuple[str, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()


def read_table(path: Path, name: str, layout: CsvLayout, class_name: str = "") -> CsvTable:
    """The file at ``path``, called ``name`` in messages; raises ``DataError`` if it is unfit."""
    frame, notes = _frame(path, layout)
    wanted = [*layout.columns, *(c for c in (layout.label, layout.group, layout.time, layout.target) if c)]
    missing = [column for column in wanted if column not in frame.columns]
    if missing:
        raise DataError(
            f"no column {', '.join(map(repr, missing))}; it has {', '.join(map(str, frame.columns))}"
        )
    others = {layout.label, layout.group, layout.time, layout.target}
    columns = layout.columns or _numeric_columns(frame, others)
    left_out = () if layout.columns else _text_columns(frame, others)
    if not columns:
        raise DataError("no numeric columns")
    if layout.target in layout.columns:
        raise DataError(f"column {layout.target!r} is the target and cannot be an input, too")
    channels = [_numbers(frame[column]) for column in columns]
    if layout.target:
        channels.append(_targets(frame[layout.target], layout))
    matched = _matched(name, layout)
    labels = frame[layout.label] if layout.label else None
    recording = Recording(
        name=name,
        values=np.stack(channels, axis=1),
        labels=_names(labels, layout.target or matched.get("label", class_name), len(frame)),
        groups=_names(frame[layout.group] if layout.group else None, _group(matched), len(frame)),
        seconds=_seconds(frame[layout.time], layout.time_unit) if layout.time else None,
    )
    return CsvTable(recording, columns, notes, left_out)


def _frame(path: Path, layout: CsvLayout) -> tuple[Any, tuple[str, ...]]:
    """The file as a pandas DataFrame, and a note on lines that were left out."""
    pandas = pandas_package()
    head = _first_line(path)
    separator = max(_SEPARATORS, key=head.count) if any(s in head for s in _SEPARATORS) else r"\s+"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pandas.errors.ParserWarning)
            source, doubled = _one_record_per_line(path, head, separator)
            frame = pandas.read_csv(
                source,
                sep=separator,
                names=list(layout.names) or None,
                header=None if layout.names else 0,
                index_col=False,
                comment=None if separator == ";" else ";",  # a line of WISDM ends with one
                skipinitialspace=True,
                on_bad_lines="skip" if layout.skip_bad else "error",
                low_memory=False,
            )
    except (pandas.errors.ParserError, pandas.errors.EmptyDataError, UnicodeDecodeError, ValueError) as error:
        raise DataError(str(error).strip().splitlines()[0]) from error
    frame.columns = [str(column).strip() for column in frame.columns]
    if not len(frame):
        raise DataError("no rows")
    lost = _lines(path) + doubled - len(frame) - (not layout.names)
    notes = [f"{plural(doubled, 'line')} of several records divided"] if doubled else []
    return frame, (*notes, *([f"{plural(lost, 'line')} skipped"] if layout.skip_bad and lost > 0 else []))


_NEXT_RECORD, _LAST_COMMA = re.compile(rb";[ \t]*(?=[^\s;])"), re.compile(rb",[ \t]*;")


def _one_record_per_line(path: Path, head: str, separator: str) -> tuple[Path | io.BytesIO, int]:
    """The file, and how many records had to be moved to a line of their own.

    Records of WISDM end with a semicolon, some with a comma before it, and some line breaks between them are
    missing.
    """
    if separator == ";" or not head.rstrip().endswith(";"):
        return path, 0
    text, doubled = _NEXT_RECORD.subn(b"\n", _LAST_COMMA.sub(b";", path.read_bytes()))
    return io.BytesIO(text), doubled


def pandas_package() -> Any:
    """pandas; raises ``DataError`` that says how to install it."""
    try:
        return importlib.import_module("pandas")
    except ImportError as error:
        raise DataError("reading CSV needs pandas", remedy=install_command("pandas")) from error


def _first_line(path: Path) -> str:
    with path.open("rb") as stream:
        line = stream.readline(1 << 16)
    if not line:
        raise DataError("empty file")
    if line.startswith(b"version https://git-lfs"):
        raise DataError("a Git LFS pointer")
    if b"\0" in line:
        raise DataError("not a text file")
    return line.decode("utf-8", "replace")


def header_of(path: Path) -> tuple[str, ...]:
    """The names in the first line of a CSV file."""
    line = _first_line(path).strip()
    separator = max(_SEPARATORS, key=line.count) if any(s in line for s in _SEPARATORS) else None
    return tuple(name.strip().strip('"') for name in line.split(separator))


def _lines(path: Path) -> int:
    with path.open("rb") as stream:
        return sum(bool(line.strip()) for line in stream)


def _numeric_columns(frame: Any, others: set[str]) -> tuple[str, ...]:
    kinds = {str(name): frame[name].dtype.kind for name in frame.columns}
    return tuple(name for name, kind in kinds.items() if kind in "iuf" and name not in others)


def _text_columns(frame: Any, others: set[str]) -> tuple[tuple[str, str], ...]:
    """The other columns, each with its first cell that is not a number: one such cell makes it text."""
    names = [str(name) for name in frame.columns if str(name) not in others]
    return tuple(
        (name, _cell(frame[name][np.isnan(_numbers(frame[name]))].iloc[0]))
        for name in names
        if frame[name].dtype.kind == "O" and np.isnan(_numbers(frame[name])).any()
    )


def _numbers(column: Any) -> Values:
    """float64 (rows,); cells without a number are NaN."""
    found: Values = np.asarray(pandas_package().to_numeric(column, errors="coerce"), np.float64)
    return found


def _targets(column: Any, layout: CsvLayout) -> Values:
    """float64 (rows,); ``DataError`` names the first lines without a finite number."""
    numbers = _numbers(column)
    bad = np.flatnonzero(~np.isfinite(numbers))
    if not len(bad):
        return numbers
    first_line = 1 if layout.names else 2
    shown = ", ".join(f"line {row + first_line} ({_cell(column.iloc[row])})" for row in bad[:3])
    raise DataError(
        f"the target {layout.target!r} is not a number in {plural(len(bad), 'row')}: {shown}"
        f"{' and more' if len(bad) > 3 else ''}"
    )


def _cell(value: object) -> str:
    return "empty or NaN" if value is None or value != value else repr(value)  # NaN is unequal to itself


def _seconds(column: Any, unit: str) -> Values:
    """float64 (rows,) from numbers in ``unit`` or from dates; NaN where there is no time."""
    pandas = pandas_package()
    if column.dtype.kind in "iuf":
        first = column.dropna().iloc[0] if column.notna().any() else 0
        return np.asarray((column - first).astype("float64"), np.float64) * UNITS_S[unit]
    numbers = _numbers(column)
    if np.isfinite(numbers).mean() > 0.5:
        return np.asarray((numbers - numbers[np.isfinite(numbers)][0]) * UNITS_S[unit])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # formats are found date by date
        dates = pandas.to_datetime(column, errors="coerce", utc=True)
    if dates.isna().all():
        raise DataError(f"time stamps such as {column.iloc[0]!r} are neither numbers nor dates")
    since: Values = np.asarray((dates - dates.dropna().iloc[0]).dt.total_seconds(), np.float64)
    return since


def _names(column: Any, constant: str, rows: int) -> np.ndarray[Any, np.dtype[np.str_]]:
    """One name per row; whole numbers without a fraction, empty where the cell is."""
    if column is None:
        return np.full(rows, constant)
    if column.dtype.kind == "f" and (column.dropna() == column.dropna().round()).all():
        column = column.astype("Int64")
    return np.asarray(column.astype("string").fillna("").str.strip(), str)


def _matched(name: str, layout: CsvLayout) -> dict[str, str]:
    if layout.pattern is None:
        return {}
    match = layout.pattern.search(name)
    if match is None:
        raise DataError(f"data.options.pattern {layout.pattern.pattern!r} matches no part of its name")
    return {key: value or "" for key, value in match.groupdict().items()}


def _group(matched: dict[str, str]) -> str:
    return next((matched[name] for name in GROUP_NAMES if name in matched), "")
