"""Output: one JSON object for machines, tables for people, and control codes only on a terminal."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from micronas.errors import ConfigError
from micronas.errors import kb as kb
from micronas.errors import percent as percent

if TYPE_CHECKING:
    from rich.console import Console


_LINE = 78
"""Columns of a line that is wrapped; 80 is the narrowest terminal."""


def print_json(value: Any) -> None:
    """One JSON document on stdout."""
    json.dump(value, sys.stdout, indent=2)
    sys.stdout.write("\n")


def console(*, stderr: bool = False) -> Console:
    """A console that writes plain text if its stream is not a terminal."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=True)


def print_table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A plain table on stdout, never cut; columns whose cells all begin with a digit are right-aligned."""
    lines = [tuple(header), *(tuple(row) for row in rows)]
    columns = list(zip(*lines, strict=True))
    widths = [max(len(cell) for cell in column) for column in columns]
    numeric = [all(cell[:1].isdigit() or cell[:1] in ("", "-") for cell in column[1:]) for column in columns]
    if title:
        print(title)
    for number, line in enumerate(lines):
        cells = [
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(line, widths, numeric, strict=True)
        ]
        print("  ".join(cells).rstrip())
        if number == 0:
            print("-" * (sum(widths) + 2 * len(widths) - 2))


def print_facts(title: str, facts: Sequence[tuple[str, str]]) -> None:
    """Names and values on stdout, values wrapped so that a line has at most 80 columns."""
    width = max(len(name) for name, _ in facts)
    print(title)
    print("-" * _LINE)
    for name, value in facts:
        first, *others = textwrap.wrap(value, _LINE - width - 2, break_long_words=False) or [""]
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
