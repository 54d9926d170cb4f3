"""The files of CSV streams: which there are, the part of a prepared split that each has, and their tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from micronas.config import DataConfig
from micronas.data.samples import name_some
from micronas.data.sources.class_folders import PART_NAMES, ClassFile, class_files
from micronas.data.sources.csv_layout import CsvLayout
from micronas.data.sources.csv_table import SUFFIXES, CsvTable, read_table
from micronas.data.split import TRAIN
from micronas.errors import DataError, plural


@dataclass(frozen=True)
class CsvFiles:
    """The files at ``root``; ``class_name`` of a file is empty unless its folder is the label.

    ``has_parts`` if the layout of folders or file names is a prepared split.
    """

    root: Path
    files: tuple[ClassFile, ...]
    has_parts: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class CsvTables:
    """The tables of the readable files, all with the channels ``columns``; ``bad`` names the other files."""

    by_file: Mapping[ClassFile, CsvTable]
    columns: tuple[str, ...]
    bad: tuple[str, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out of the files, and which were."""
        bad = list(self.bad)
        return (
            *([f"{plural(len(bad), 'file')} skipped: {name_some(bad)}"] if bad else []),
            *(f"{table.recording.name}: {note}" for table in self.by_file.values() for note in table.notes),
            *self._text_columns(),
        )

    def _text_columns(self) -> Iterator[str]:
        """A note on the columns that are no inputs because a cell of them is not a number."""
        cells = {name: cell for table in self.by_file.values() for name, cell in table.left_out}
        if names := [f"{name} ({cell})" for name, cell in sorted(cells.items())]:
            yield (
                f"left out, because they hold text: {name_some(names)}; to use a column, correct these "
                "cells, or name it in data.options.columns, where they count as missing"
            )


def csv_files(config: DataConfig, root: Path, layout: CsvLayout) -> CsvFiles:
    """The files at ``root``, a file or a folder; raises ``DataError`` if there are none."""
    if not root.exists():
        raise DataError(
            f"no such file or folder: {root}",
            remedy="set data.path to a CSV file or a folder of them",
            settings=("data.path",),
        )
    if layout.folder_label:
        if root.is_file():
            raise DataError(
                f"{root}: the class of a row is not known",
                remedy="set data.options.label to the column of the labels, or data.options.pattern, "
                "or data.options.target to the column of the numbers to predict",
                settings=("data.options.label",),
            )
        listing = class_files(config, SUFFIXES, "CSV files")
        return CsvFiles(root, listing.files, listing.has_parts, listing.notes)
    if root.is_file():
        return CsvFiles(root, (ClassFile(root, root.name, "", TRAIN),))
    return _unclassified(root)


def _unclassified(root: Path) -> CsvFiles:
    """All visible CSV files below the folder ``root``, whose classes are not those of folders."""
    paths = sorted(p for p in root.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
    visible = [p for p in paths if not any(x.startswith(".") for x in p.relative_to(root).parts)]
    if not visible:
        raise DataError(f"{root}: no CSV files ({', '.join(sorted(SUFFIXES))})")
    parts = [_part(p.relative_to(root)) for p in visible]
    has_parts = None not in parts and len(set(parts)) > 1 and TRAIN in parts
    files = tuple(
        ClassFile(p, p.relative_to(root).as_posix(), "", part if has_parts and part is not None else TRAIN)
        for p, part in zip(visible, parts, strict=True)
    )
    return CsvFiles(root, files, has_parts, ("the split is that of the folders or files",) * has_parts)


def _part(path: Path) -> int | None:
    """The part that the first folder or the file itself is named after: ``train/a.csv``, ``test.csv``."""
    return PART_NAMES.get((path.parts[0] if len(path.parts) > 1 else path.stem).lower())


def read_tables(listing: CsvFiles, layout: CsvLayout) -> CsvTables:
    """Read every file; raises ``DataError`` if their channels differ, or for a bad one not to be skipped."""
    tables, bad = _read_all(listing.files, layout)
    if (
        bad
        and not layout.skip_bad
        and (tables or _read_all(listing.files, replace(layout, skip_bad=True))[0])
    ):
        raise DataError(
            f"{listing.root}: {plural(len(bad), 'file')} cannot be used: {name_some(bad)}",
            remedy="correct them, or set data.options.skip_bad: true to skip them and single bad lines",
            settings=("data.options.skip_bad=true",),
        )
    return CsvTables(tables, _common_columns(listing.root, tables, bad), tuple(bad))


def _read_all(files: tuple[ClassFile, ...], layout: CsvLayout) -> tuple[dict[ClassFile, CsvTable], list[str]]:
    """The tables, and the files without one with the reason."""
    tables, bad = {}, []
    for file in files:
        try:
            tables[file] = read_table(file.path, file.name, layout, file.class_name)
        except DataError as error:
            if error.remedy:  # pandas is missing
                raise
            bad.append(f"{file.name} ({error.message})")
    return tables, bad


def _common_columns(root: Path, tables: dict[ClassFile, CsvTable], bad: list[str]) -> tuple[str, ...]:
    if not tables:
        raise DataError(
            f"{root}: no CSV file can be read: {name_some(bad)}",
            remedy="repair the files, or the columns and the target in data.options",
            settings=("data.options.KEY",),
        )
    found = {table.columns for table in tables.values()}
    if len(found) > 1:
        lists = [name_some(list(columns)) for columns in sorted(found)]
        raise DataError(
            f"{root}: the files have different numeric columns: {'; '.join(lists[:4])}",
            remedy="list those to use in data.options.columns; of files without a header, all names in "
            "data.options.names",
            settings=("data.options.columns",),
        )
    return found.pop()
