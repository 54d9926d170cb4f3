"""Reads a platform description as Renode would: the part of its grammar that micronas writes, with checks.

An error begins with Renode's own code (R src/Renode/PlatformDescription/ParsingError.cs 1b64f543; the checks:
PreLexer.cs, Syntax/Grammar.cs and CreationDriver.cs of the same folder).
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field

from tests.support.renode_facts import (
    CPU_TYPES,
    FLAG,
    IDLE_LINE_AT_ONCE_HZ,
    NUMBER,
    PAGE_BYTES,
    REPL_KEYWORDS,
    TEXT,
    TYPES,
    Type,
)

_NUMBER = r"0x[0-9A-Fa-f]+(?:_[0-9A-Fa-f]+)*|\d+(?:_\d+)*"
_NAME = r"[A-Za-z][A-Za-z0-9_]*"
_ENTRY = re.compile(
    rf"({_NAME})\s*:\s*({_NAME}(?:\.{_NAME})+)\s*@\s*({_NAME})"
    rf"(?:\s+(?:({_NUMBER})|<\s*({_NUMBER})\s*,\s*\+\s*({_NUMBER})\s*>))?"
)
_IRQ = re.compile(rf"(?:({_NAME})\s*)?->\s*({_NAME})\s*@\s*(\d+)")
_ATTRIBUTE = re.compile(rf"({_NAME})\s*:\s*(?:({_NUMBER})|\"([^\"\\]*)\"|(true|false)|({_NAME}))")
_INDENT = 4


class ReplError(Exception):
    """The platform is refused; the message begins with ``Error Ennn:``."""

    def __init__(self, code: int, what: str) -> None:
        super().__init__(f"Error E{code:02}: {what}")


class IdleLineCostError(ReplError):
    """Renode takes this platform, and then stalls; the stand-in refuses it instead."""

    def __init__(self, name: str) -> None:
        super().__init__(0, f"{name}: every received byte costs an idle-line event that outlives its slice")


@dataclass
class Entry:
    """One peripheral: its type, its span on the bus, and what it was given."""

    name: str
    type_name: str
    parent: str
    address: int | None
    length: int | None
    values: dict[str, tuple[str, object]] = field(default_factory=dict)
    irqs: list[tuple[str | None, str, int]] = field(default_factory=list)

    @property
    def type(self) -> Type:
        return TYPES[self.type_name]

    @property
    def span(self) -> tuple[int, int] | None:
        """First byte and the one past the last; None for what has no address."""
        if self.address is None:
            return None
        size = self.length or (self.values["size"][1] if self.type.size == "size" else self.type.size)
        assert isinstance(size, int)
        return self.address, self.address + size


def load_platform(text: str) -> dict[str, Entry]:
    """All entries by name; raises ``ReplError`` as Renode would refuse them."""
    entries = _parse(text)
    for entry in entries.values():
        _check_values(entry, entries)
        _check_irqs(entry, entries)
        _check_construction(entry)
    for entry in entries.values():
        _check_registration(entry)
    _check_overlaps(list(entries.values()))
    return entries


def _parse(text: str) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    current: Entry | None = None
    for number, raw in enumerate(text.split("\n"), 1):
        line = re.sub(r"(?:^| )//.*", "", raw).rstrip()
        if not line.strip():
            continue
        spaces = len(line) - len(line.lstrip(" "))
        if spaces % _INDENT:
            raise ReplError(32, f"line {number}: indent is not a multiple of {_INDENT}")
        if spaces == 0:
            current = _entry(line, number, entries)
        elif current is None:
            raise ReplError(32, f"line {number}: the first line with text cannot be indented")
        elif spaces > _INDENT:
            raise ReplError(0, f"line {number}: unexpected brace")
        else:
            _add_attribute(current, line.strip(), number)
    return entries


def _entry(line: str, number: int, entries: dict[str, Entry]) -> Entry:
    found = _ENTRY.fullmatch(line)
    if not found or found[1] in REPL_KEYWORDS:
        raise ReplError(0, f"line {number}: syntax error in {line!r}")
    name, type_name, parent, point, start, length = found.groups()
    if name in entries or name in ("sysbus", "machine"):
        raise ReplError(2, f"variable {name!r} was already declared")
    if type_name not in TYPES:
        raise ReplError(4, f"could not resolve type {type_name!r}")
    address = next((_int(text) for text in (point, start) if text), None)
    entries[name] = Entry(name, type_name, parent, address, _int(length) if length else None)
    return entries[name]


def _add_attribute(entry: Entry, line: str, number: int) -> None:
    if irq := _IRQ.fullmatch(line):
        entry.irqs.append((irq[1], irq[2], int(irq[3])))
        return
    found = _ATTRIBUTE.fullmatch(line)
    if not found or found[1] in REPL_KEYWORDS:
        raise ReplError(0, f"line {number}: syntax error in {line!r}")
    name, digits, quoted, flag, reference = found.groups()
    if name in entry.values:
        raise ReplError(9, f"{name!r} is used more than once")
    if digits:
        entry.values[name] = NUMBER, _int(digits)
    elif flag:
        entry.values[name] = FLAG, flag == "true"
    elif reference:
        entry.values[name] = "reference", reference
    else:
        entry.values[name] = TEXT, quoted


def _check_values(entry: Entry, entries: dict[str, Entry]) -> None:
    parameters = {**entry.type.required, **entry.type.optional}
    for name, (kind, value) in entry.values.items():
        is_property = name[0].isupper()
        known = entry.type.properties if is_property else parameters
        if name not in known:
            what = "property does not exist" if is_property else "no constructor takes it"
            raise ReplError(10 if is_property else 25, f"{entry.type_name}: {name!r}: {what}")
        wanted = known[name]
        if kind == "reference":
            if value not in entries:
                raise ReplError(20, f"undefined reference {value!r}")
            kind = entries[str(value)].type_name
        if kind != wanted:
            raise ReplError(6, f"{entry.type_name}: {name!r} takes a {wanted}, not a {kind}")
    if missing := entry.type.required.keys() - entry.values.keys():
        raise ReplError(25, f"{entry.type_name}: no constructor does without {', '.join(sorted(missing))}")


def _check_irqs(entry: Entry, entries: dict[str, Entry]) -> None:
    for source, destination, _ in entry.irqs:
        if source is None and len(entry.type.outputs) > 1:
            raise ReplError(15, f"{entry.name}: ambiguous choice of default interrupt")
        if (source and source not in entry.type.outputs) or not entry.type.outputs:
            raise ReplError(13, f"{entry.type_name} has no interrupt {source!r}")
        if destination not in entries:
            raise ReplError(11, f"interrupt destination {destination!r} does not exist")
        if not entries[destination].type.receives:
            raise ReplError(12, f"{destination!r} receives no interrupts")


def _check_construction(entry: Entry) -> None:
    if entry.type.size == "size" and entry.values["size"][1] == 0:
        raise ReplError(38, f"{entry.name}: memory size cannot be 0")
    if "initialLimit" in entry.values and entry.values["initialLimit"][1] == 0:
        raise ReplError(38, f"{entry.name}: initialLimit has to be greater than zero")
    if entry.type_name == "UART.STM32_UART":
        _, frequency = entry.values.get("frequency", (NUMBER, 8_000_000))
        if frequency != IDLE_LINE_AT_ONCE_HZ:
            raise IdleLineCostError(entry.name)
    if "cpuType" in entry.values and entry.values["cpuType"][1] not in CPU_TYPES:
        raise ReplError(38, f"{entry.name}: unknown cpu type {entry.values['cpuType'][1]!r}")


def _check_registration(entry: Entry) -> None:
    if entry.parent != "sysbus":
        raise ReplError(20, f"undefined reference {entry.parent!r}")
    if (entry.address is not None) != entry.type.on_bus_by_address:
        raise ReplError(5, f"{entry.name} cannot be registered like that")
    if entry.address is not None and entry.length is None and entry.type.size is None:
        raise ReplError(5, f"{entry.type_name} does not know its size: give <address, +size>")
    if entry.type_name == "Memory.MappedMemory" and any(edge % PAGE_BYTES for edge in entry.span or ()):
        raise ReplError(39, f"{entry.name} is not made of whole pages")


def _check_overlaps(entries: list[Entry]) -> None:
    spans = sorted((*entry.span, entry.name) for entry in entries if entry.span)
    for (_, end, one), (start, _, other) in itertools.pairwise(spans):
        if start < end:
            raise ReplError(39, f"{other} overlaps with {one}")


def _int(text: str) -> int:
    return int(text.replace("_", ""), 0)
