"""The meaning of the columns and file names of CSV streams, as the options of the source say it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from micronas.config import DataConfig
from micronas.data.sources.membership import compiled
from micronas.data.sources.options import read, read_choice, read_names
from micronas.data.targets import target_option
from micronas.errors import DataError

UNITS_S = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}


@dataclass(frozen=True)
class CsvLayout:
    """Which columns mean what; empty where an option was not given.

    ``names`` are the columns of files without a header. ``pattern`` is searched in the name of a file and
    may have the named groups ``label`` and one of ``GROUP_NAMES``. ``folder_label``: the label is the
    name of the file's class folder. ``target`` is the column of a regression's targets.
    """

    columns: tuple[str, ...]
    names: tuple[str, ...]
    label: str
    group: str
    time: str
    time_unit: str
    pattern: re.Pattern[str] | None
    skip_bad: bool
    folder_label: bool = False
    target: str = ""


def csv_layout(config: DataConfig) -> CsvLayout:
    """The layout in ``config.options``; raises ``DataError`` for a pattern that cannot be used."""
    options = config.options
    label = read(options, "label", str, "")
    target, _ = target_option(options)
    pattern = _pattern(read(options, "pattern", str, ""), target)
    by_pattern = pattern is not None and "label" in pattern.groupindex
    return CsvLayout(
        columns=read_names(options, "columns"),
        names=read_names(options, "names"),
        label=label,
        group=read(options, "groups", str, ""),
        time=read(options, "time", str, ""),
        time_unit=read_choice(options, "time_unit", tuple(UNITS_S), "s"),
        pattern=pattern,
        skip_bad=read(options, "skip_bad", bool, False),
        folder_label=not label and not by_pattern and not target,
        target=target,
    )


def _pattern(pattern: str, target: str) -> re.Pattern[str] | None:
    """None without one; it must name what it finds, and no label where there is a ``target``."""
    if not pattern:
        return None
    expression = compiled("pattern", pattern)
    if not expression.groupindex:
        raise DataError(
            f"data option 'pattern': {pattern!r} has no named group",
            remedy="for example: pattern: '(?P<label>[a-z]+)_(?P<subject>[0-9]+)'",
        )
    if target and "label" in expression.groupindex:
        raise DataError(
            f"data option 'pattern': {pattern!r} finds labels, and a regression has no classes",
            remedy="leave the group 'label' out of the pattern, or remove data.options.target",
        )
    return expression
