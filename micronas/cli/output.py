"""Output: one JSON object for machines, tables for people, and control codes only on a terminal."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys
import textwrap
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from micronas.errors import ConfigError
from micronas.errors import kb as kb
from micronas.errors import percent as percent

if TYPE_CHECKING:
    from rich.console import Console


_LINE = 78
"""Columns of a line that is wrapped; 80 is the narrowest terminal."""
MIN_WRAP = 20
"""Columns of text that a wrapped line needs beside its indent."""


def print_json(value: Any) -> None:
    """One JSON document on stdout."""
    json.dump(value, sys.stdout, indent=2)
    sys.stdout.write("\n")


def console(*, stderr: bool = False) -> Console:
    """A console that writes plain text if its stream is not a terminal."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=True)


def print_table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A plain table on stdout, never cut; columns whose cells all begin with a digit are right-aligned.

    On a terminal that is narrower than the table, cells of its widest columns are wrapped.
    """
    lines = [tuple(header), *(tuple(row) for row in rows)]
    columns = list(zip(*lines, strict=True))
    numeric = [all(cell[:1].isdigit() or cell[:1] in ("", "-") for cell in column[1:]) for column in columns]
    widths = fitting_widths(columns, terminal_columns())
    if title:
        print(title)
    for number, line in enumerate(lines):
        wrapped = [_wrapped(cell, width) for cell, width in zip(line, widths, strict=True)]
        for parts in zip_longest(*wrapped, fillvalue=""):
            cells = [
                part.rjust(width) if right else part.ljust(width)
                for part, width, right in zip(parts, widths, numeric, strict=True)
            ]
            print("  ".join(cells).rstrip())
        if number == 0:
            print("-" * (sum(widths) + 2 * len(widths) - 2))


def print_table_in_parts(
    title: str, header: Sequence[str], rows: Sequence[Sequence[str]], repeated: int = 1
) -> None:
    """``print_table``; columns that a narrow terminal has no room for follow in further tables.

    Each of these begins with the first ``repeated`` columns.
    """
    columns = list(zip(header, *rows, strict=True))
    for place, part in enumerate(columns_in_parts(columns, terminal_columns(), repeated)):
        if place:
            print()
        print_table(
            "" if place else title, [header[i] for i in part], [[row[i] for i in part] for row in rows]
        )


def columns_in_parts(columns: Sequence[Sequence[str]], limit: int | None, repeated: int) -> list[list[int]]:
    """The places of ``columns`` in tables of at most ``limit``, whose words are not broken."""
    least = [max(len(word) for cell in column for word in words_of(cell)) + 2 for column in columns]
    first = list(range(repeated))
    parts = [first]
    for place in range(repeated, len(columns)):
        width = sum(least[i] for i in [*parts[-1], place]) - 2
        if limit is not None and width > limit and parts[-1] != first:
            parts.append(first)
        parts[-1] = [*parts[-1], place]
    return parts


def terminal_columns() -> int | None:
    """Columns of the terminal that stdout is; None if it is a pipe or a file."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def fitting_widths(columns: Sequence[Sequence[str]], limit: int | None) -> list[int]:
    """The width of each column; if all of them exceed ``limit``, the widest ones give way to word length, and
    then to ``_NAME_PART``: names that are longer are broken.
    """
    widths = [max(len(cell) for cell in column) for column in columns]
    words = [max((len(word) for cell in column for word in words_of(cell)), default=0) for column in columns]
    for least in (words, [min(word, _NAME_PART) for word in words]):
        while limit is not None and sum(widths) + 2 * len(widths) - 2 > limit:
            spare = [(width, i) for i, width in enumerate(widths) if width > least[i]]
            if not spare:
                break
            widths[max(spare)[1]] -= 1
    return widths


_NAME_PART = 16
"""A column of names is not made narrower than this."""


_BEFORE_UNIT = re.compile(r"(?<=\d) (?=(?:%|dB|[kM]?B|KB|[kM]?Hz|m?s|[kM]|points?)(?![\w/]))")
_HELD = "\u00a0"
"""Holds a figure and its unit together; ``textwrap`` breaks at plain spaces only."""


def words_of(text: str) -> list[str]:
    """The parts of ``text`` that stay on one line: its words, and figures with their units."""
    return _BEFORE_UNIT.sub(_HELD, text).split(" ")


def _wrapped(cell: str, width: int) -> list[str]:
    if len(cell) <= width:
        return [cell]
    return _in_lines(" ".join(_broken(word, width) for word in cell.split(" ")), width)


def _broken(name: str, width: int) -> str:
    """``name`` in parts of at most ``width``, broken after a separator if there is one."""
    parts = []
    while len(name) > width:
        end = max(name.rfind(mark, 0, width) for mark in "-_/.") + 1 or width
        parts.append(name[:end])
        name = name[end:]
    return " ".join([*parts, name])


def _in_lines(text: str, width: int, indent: int = 0) -> list[str]:
    """``text`` in lines of ``width``, unless a word is longer; figures keep their units."""
    lines = textwrap.wrap(
        _BEFORE_UNIT.sub(_HELD, text),
        width,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_HELD, " ") for line in lines]


def print_wrapped(text: str, indent: int) -> None:
    """A line on stdout whose later lines, on a terminal that is too narrow for it, begin at ``indent``."""
    columns = terminal_columns()
    print(text if columns is None else wrapped(text, columns, indent))


def print_labelled(text: str) -> None:
    """``print_wrapped`` of a line that begins with a label of ten columns, or with none."""
    print_wrapped(text, 10)


def wrapped(text: str, columns: int, indent: int) -> str:
    """``text`` in lines of at most ``columns``, broken between words; unchanged if there is no room."""
    if len(text) <= columns or columns - indent < MIN_WRAP:
        return text
    return "\n".join(_in_lines(text, columns, indent))


def print_facts(title: str, facts: Sequence[tuple[str, str]]) -> None:
    """Names and values on stdout, values wrapped so that a line has at most 80 columns."""
    width = max(len(name) for name, _ in facts)
    print_wrapped(title, 2)
    print("-" * _LINE)
    for name, value in facts:
        first, *others = _in_lines(value, _LINE - width - 2) or [""]
        print(f"{name.ljust(width)}  {first}".rstrip())
        for line in others:
            print(f"{'':{width}}  {line}")


def program() -> str:
    """How to call this program again: its bare name only if PATH leads to this installation."""
    own = Path(sys.argv[0])
    if own.name != "micronas":
        return "python -m micronas"
    found = shutil.which(own.name)
    if found and Path(found).resolve() == own.resolve():
        return own.name
    return os.path.relpath(own) if own.is_relative_to(Path.cwd()) else str(own)


def typed(path: object) -> str:
    """``path`` for a shell: in quotes if it has spaces."""
    return shlex.quote(str(path))


def warn_of_open_ports(device: str) -> None:
    """Say on stderr, once a run, that ``--device renode`` opens ports to the network."""
    if device == "renode":
        from micronas.device.renode import LISTENS_EVERYWHERE

        print(f"WARNING: {LISTENS_EVERYWHERE}.", file=sys.stderr)


def require_effect(device: str, probe: str | None, port: str | None) -> None:
    """Raise ``ConfigError`` for ``--probe`` or ``--port`` with a device that has neither."""
    idle = [option for option, given in (("--probe", probe), ("--port", port)) if given is not None]
    if idle and device != "serial":
        raise ConfigError(
            f"{' and '.join(idle)} {'has' if len(idle) == 1 else 'have'} no effect with --device {device}",
            remedy="use --device serial to run on a board",
        )
