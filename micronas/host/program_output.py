"""Another program's output: kept within a bound, and in a message short and without control characters."""

from __future__ import annotations

import contextlib
import threading
from typing import IO

KEPT_BYTES = 1 << 20
"""Of the beginning of an output, and as many of its end."""
_CHUNK_BYTES = 1 << 16
LIMIT = 600
"""Characters of a program's output that a message shows."""


def shown(text: str, limit: int = LIMIT) -> str:
    """``text`` with control characters escaped (``\\x1b``), and its middle left out beyond ``limit``.

    Line breaks stay. The beginning and the end are kept: programs report a cause first or last.
    """
    text = text.strip()
    if len(text) > limit:
        half = limit // 2
        text = f"{text[:half]} [{len(text) - 2 * half} characters left out] {text[-half:]}"
    return "".join(char if char.isprintable() or char == "\n" else _escaped(char) for char in text)


def exit_text(code: int | None) -> str:
    """``exit code 3``, or ``signal 9`` for a process that a signal ended (``Popen.returncode``)."""
    if code is None:
        return "still running"
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


class BothEnds:
    """The first and the last ``KEPT_BYTES`` of a stream, which another thread may add to."""

    def __init__(self) -> None:
        self._begin, self._end = bytearray(), bytearray()
        self._lock = threading.Lock()

    def add(self, data: bytes) -> None:
        """Take the next bytes."""
        with self._lock:
            room = KEPT_BYTES - len(self._begin)
            self._begin += data[:room]
            self._end += data[room:]
            del self._end[:-KEPT_BYTES]

    def text(self) -> str:
        """What is kept, with a sign in place of bytes that are not UTF-8."""
        with self._lock:
            return (self._begin + self._end).decode(errors="replace")


def read_in_background(pipe: IO[bytes]) -> tuple[BothEnds, threading.Thread]:
    """Read an unbuffered ``pipe`` to its end in a thread, which closes it: a full one stops the program."""
    output = BothEnds()
    reader = threading.Thread(target=_read, args=(pipe, output), daemon=True)
    reader.start()
    return output, reader


def _read(pipe: IO[bytes], output: BothEnds) -> None:
    with pipe, contextlib.suppress(OSError, ValueError):
        while data := pipe.read(_CHUNK_BYTES):
            output.add(data)
