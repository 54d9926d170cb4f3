"""Size of the firmware around a network: code, const data and statics, from a measured table.

The table, ``codesize.json``, is made by ``python tools/measure_code_size.py`` from linked images: the base
firmware per chip family, and per kernel the linker's input sections ("units") that it pulls in. Kernels share
units, so a set of kernels needs the union of their units. Each op adds the function that binds it to the
arena; its size is an average, which makes the whole exact to about half a percent. Statics are exact: kernels
have none. The function of an op that runs by rows is larger, with an average of its own.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from micronas.board import Board
from micronas.codegen.toolchain import find_gcc, gcc_version
from micronas.errors import BudgetError

TABLE_PATH = Path(__file__).with_name("codesize.json")

T = TypeVar("T")


@dataclass(frozen=True)
class FirmwareSize:
    """Bytes of everything but the network's constants, arena and stack.

    ``warning`` is not empty if the table only has another compiler version.
    """

    code_bytes: int
    rodata_bytes: int
    static_bytes: int
    warning: str = ""


@dataclass(frozen=True)
class Size:
    """Code, const data and static bytes of a unit or of a base firmware."""

    code: int
    rodata: int
    static: int = 0


@dataclass(frozen=True)
class Table:
    """Sizes for one core by one compiler version. ``shared`` are units that a kernel needs and the base
    firmware has already.
    """

    core: str
    compiler: str
    bytes_per_op: float
    bytes_per_row_op: float
    units: Mapping[str, Size]
    kernels: Mapping[str, tuple[str, ...]]
    families: Mapping[str, Size]
    shared: Mapping[str, tuple[str, ...]]


def code_units(board: Board, kernels: frozenset[str]) -> dict[str, int] | None:
    """The input sections of code behind ``kernels`` with their bytes, those that the firmware uses too
    included: all that these kernels call. None if the table is of another compiler, whose sections differ.

    Raises ``BudgetError`` as ``firmware_size`` does.
    """
    wanted = _installed_compiler()
    table = _table_for(board.core.value, wanted)
    if wanted is not None and wanted != table.compiler:
        return None
    own = {unit for kernel in kernels for unit in _entry(table.kernels, kernel, "kernel", table)}
    names = own | {unit for kernel in kernels for unit in table.shared.get(kernel, ())}
    return {name: table.units[name].code for name in sorted(names) if table.units[name].code}


def firmware_size(board: Board, kernels: frozenset[str], n_ops: int, n_row_ops: int = 0) -> FirmwareSize:
    """Size of the firmware of ``board`` that runs ``n_ops`` ops by ``kernels`` (C function names), of which
    ``n_row_ops`` run by rows.

    Raises ``BudgetError`` for a core, family or kernel without a measurement.
    """
    wanted = _installed_compiler()
    table = _table_for(board.core.value, wanted)
    base = _entry(table.families, board.family, "chip family", table)
    own = _kernel_size(table.core, table.compiler, kernels)
    bound = table.bytes_per_op * (n_ops - n_row_ops) + table.bytes_per_row_op * n_row_ops
    code = base.code + own.code + round(bound)
    warning = ""
    if wanted is not None and wanted != table.compiler:
        known = f"code sizes were measured with gcc {table.compiler}, not {wanted}"
        warning = f"{known}; `micronas bench` links the program and shows its exact size"
    return FirmwareSize(code, base.rodata + own.rodata, base.static, warning)


@functools.lru_cache(maxsize=1024)
def _kernel_size(core: str, compiler: str, kernels: frozenset[str]) -> Size:
    """Of a set of kernels: networks of a search have few sets."""
    table = _table_for(core, compiler)
    used = {unit for kernel in kernels for unit in _entry(table.kernels, kernel, "kernel", table)}
    sizes = [table.units[unit] for unit in used]
    return Size(sum(size.code for size in sizes), sum(size.rodata for size in sizes))


def static_bytes(board: Board) -> int:
    """Statics of the firmware of ``board``, the same for every network; errors as for ``firmware_size``."""
    table = _table_for(board.core.value, _installed_compiler())
    return _entry(table.families, board.family, "chip family", table).static


@functools.lru_cache(maxsize=1)
def load_tables(path: Path = TABLE_PATH) -> tuple[Table, ...]:
    """Every measured table."""
    return tuple(_parse(raw) for raw in json.loads(path.read_text(encoding="utf-8"))["tables"])


def nearest_version(wanted: str | None, known: list[str]) -> str:
    """The known version nearest to ``wanted``, major first; the newest if ``wanted`` is None."""
    if wanted is None:
        return max(known, key=_version)
    target = _version(wanted)
    return min(known, key=lambda v: tuple(abs(a - b) for a, b in zip(_version(v), target, strict=True)))


def _version(text: str) -> tuple[int, int, int]:
    numbers = [int(part) for part in text.split(".")[:3]] + [0, 0]
    return numbers[0], numbers[1], numbers[2]


def _installed_compiler() -> str | None:
    path = find_gcc()
    return gcc_version(path) if path else None


def _table_for(core: str, compiler: str | None) -> Table:
    tables = [t for t in load_tables() if t.core == core]
    if not tables:
        known = ", ".join(sorted({table.core for table in load_tables()}))
        raise BudgetError(f"no code sizes were measured for {core}", remedy=f"cores with code sizes: {known}")
    version = nearest_version(compiler, [t.compiler for t in tables])
    return next(t for t in tables if t.compiler == version)


def _entry(entries: Mapping[str, T], key: str, what: str, table: Table) -> T:
    try:
        return entries[key]
    except KeyError:
        raise BudgetError(
            f"no code size was measured for {what} {key!r} on {table.core}",
            remedy="this is a bug: the table of sizes that comes with micronas lacks it; report this message",
        ) from None


def _parse(raw: dict[str, Any]) -> Table:
    return Table(
        core=str(raw["core"]),
        compiler=str(raw["compiler"]),
        bytes_per_op=float(raw["bytes_per_op"]),
        bytes_per_row_op=float(raw["bytes_per_row_op"]),
        units={name: Size(*sizes) for name, sizes in raw["units"].items()},
        kernels={name: tuple(units) for name, units in raw["kernels"].items()},
        families={name: Size(*sizes) for name, sizes in raw["families"].items()},
        shared={name: tuple(units) for name, units in raw.get("shared", {}).items()},
    )
