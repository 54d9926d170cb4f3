"""stdout and stderr as passed by a shell: closed, full, or a pipe whose reader has left."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_STDIN, _STDOUT, _STDERR = 0, 1, 2


def prepare_streams() -> None:
    """Prepare stdout and stderr of the process for every verb; call once, before anything is printed.

    A reader that leaves (``micronas boards | head -1``) changes neither the work of a verb nor its exit code:
    later output is dropped. A closed stream is replaced by /dev/null; otherwise, the next opened file would
    get its number, and a child process would write into it. Any other error, such as a full disk, is raised
    once as an ``OSError`` whose ``filename`` names the stream. Characters that the stream's encoding lacks
    are escaped.
    """
    _open_closed()
    if sys.stdout is sys.__stdout__:
        sys.stdout = _patient(sys.stdout, _STDOUT, "standard output")
    if sys.stderr is sys.__stderr__:
        sys.stderr = _patient(sys.stderr, _STDERR, "standard error")


def _open_closed() -> None:
    for number in (_STDIN, _STDOUT, _STDERR):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number: this one


def _patient(stream: TextIO | None, number: int, name: str) -> TextIO:
    output = _Output(number, name)
    # Unbuffered (PYTHONUNBUFFERED) stays unbuffered: a log holds all that was printed so far.
    unbuffered = isinstance(stream, io.TextIOWrapper) and stream.write_through
    buffer: Any = output if unbuffered else io.BufferedWriter(output)
    if not isinstance(stream, io.TextIOWrapper):
        return io.TextIOWrapper(buffer, encoding="utf-8", errors="backslashreplace")
    return io.TextIOWrapper(
        buffer,
        encoding=stream.encoding,
        errors=_errors(stream),
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def _errors(stream: io.TextIOWrapper) -> str | None:
    """A name with characters that the terminal lacks must not end a verb."""
    if stream.errors != "strict":
        return stream.errors
    return "surrogateescape" if stream.encoding.lower() in ("utf-8", "utf8") else "backslashreplace"


class _Output(io.FileIO):
    """A descriptor that drops all data after its first failure, without an error if the reader left."""

    def __init__(self, number: int, name: str) -> None:
        super().__init__(number, "w", closefd=False)
        self._name = name
        self._failed = False

    def write(self, data: ReadableBuffer) -> int:
        """Write ``data``, or drop it; returns the bytes taken."""
        if self._failed:
            return memoryview(data).nbytes
        try:
            return self._write_all(memoryview(data).cast("B"))
        except BrokenPipeError:
            self._failed = True
            return memoryview(data).nbytes
        except OSError as error:
            self._failed = True
            raise OSError(error.errno, error.strerror, self._name) from error

    def _write_all(self, data: memoryview) -> int:
        """A pipe may accept only a part of the data, and an unbuffered stream does not retry."""
        done = 0
        while done < len(data):
            taken = super().write(data[done:])
            if taken is None:  # the stream was made non-blocking, and it is full
                raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
            done += taken
        return done
