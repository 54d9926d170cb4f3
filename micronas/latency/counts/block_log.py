"""QEMU's log of executed blocks, read as it is written.

``qemu-system-arm -d exec,nochain,cpu`` writes, for every block about to run, a line with its address and four
lines of registers::

    Trace 0: 0x7feae0000100 [00800408/0800024c/00000110/ff000200] mn_dsp_dot4
    R00=00000000 R01=00000000 R02=00000000 R03=00000000
    ...

and ``Stopped execution of TB chain before 0x... [0800024c]`` when the block just announced did not run. A
network of ten million instructions produces some hundred megabytes, of which only a part is in memory at a
time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, TypeAlias

import numpy as np
import numpy.typing as npt

from micronas.errors import DeviceError

Words: TypeAlias = npt.NDArray[np.uint32]
Bytes: TypeAlias = npt.NDArray[np.uint8]

OPTIONS = "exec,nochain,cpu"
REGISTERS = 15
_PIECE_BYTES = 1 << 22
_LONGEST_RECORD = 1024
_PER_LINE = 4
_FIELD = len("R00=00000000 ")
_HEX = np.full(256, 255, np.uint8)
_HEX[[ord(c) for c in "0123456789abcdef"]] = range(16)


@dataclass(frozen=True, eq=False)
class Executed:
    """Blocks in the order in which they ran: ``address`` (N,), and R0 to R12, SP, LR before them (N, 15)."""

    address: Words
    registers: Words


def read_log(stream: IO[bytes]) -> Iterator[Executed]:
    """Pieces of the log until it ends; a block is yielded once it is known to have run."""
    rest = b""
    while piece := stream.read(_PIECE_BYTES):
        data = rest + piece
        end = data.rfind(b"Trace ", 0, len(data))
        if end <= 0:
            if len(data) > _PIECE_BYTES + _LONGEST_RECORD:
                raise DeviceError("QEMU's log of executed blocks has no block in four megabytes")
            rest = data
            continue
        # What follows the last record's start may still take it back.
        yield _parse(data[:end])
        rest = data[end:]
    if rest:
        yield _parse(rest)


def _parse(data: bytes) -> Executed:
    text = np.frombuffer(data, np.uint8)
    brackets = np.flatnonzero(text == ord("["))
    is_trace = text[brackets + 9] == ord("/")
    ran = is_trace.copy()
    ran[:-1] &= is_trace[1:]  # a "Stopped" line takes the block before it back
    at = brackets[ran]
    lines = np.flatnonzero(text == ord("\n"))
    line_ends = lines[np.searchsorted(lines, at)]
    complete = line_ends + 1 + _FIELD * REGISTERS + 1 < len(text)
    at, first = at[complete], line_ends[complete] + 1
    registers = np.stack([_hex(text, first + _column(r)) for r in range(REGISTERS)], axis=1)
    return Executed(_hex(text, at + 10 + _more_digits(text, at)), registers)


def _more_digits(text: Bytes, at: npt.NDArray[np.int64]) -> int:
    """Leading zeros of the address: newer QEMUs write sixteen digits of it."""
    if not len(at):
        return 0
    slashes = np.flatnonzero(text[at[0] + 10 : at[0] + 10 + 20] == ord("/"))
    return int(slashes[0]) - 8 if len(slashes) else 0


def _column(register: int) -> int:
    """Offset of a register's digits from the first of its four lines."""
    row, column = divmod(register, _PER_LINE)
    return row * _PER_LINE * _FIELD + column * _FIELD + len("R00=")


def _hex(text: Bytes, at: npt.NDArray[np.int64]) -> Words:
    value = np.zeros(len(at), np.uint32)
    for digit in range(8):
        value = value << np.uint32(4) | _HEX[text[at + digit]].astype(np.uint32)
    return value
