"""Faults of the host, which are independent of the network: how to recognise them, and what to do.

A full disk, a missing compiler or a limit on open files fails every network. A search therefore stops at such
an error instead of storing it as a network's result.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from micronas.errors import (
    DeviceError,
    FlashError,
    InstallError,
    MachineError,
    MicronasError,
    ToolMissingError,
)
from micronas.host.program_output import shown

_ROOM = "free disk space; temporary files are in TMPDIR, compiled objects in XDG_CACHE_HOME"
_RIGHTS = (
    "use another folder, or change its owner or mode; temporary files go to TMPDIR, compiled objects to "
    "XDG_CACHE_HOME"
)
_MEMORY = "free memory, or lower workers"
_FILES = "raise the limit on open files: ulimit -n"
REMEDIES = {
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EFBIG: "raise the limit on file sizes: ulimit -f",
    errno.EROFS: _RIGHTS,
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
    errno.EIO: "the disk or its file system has an error: see the system's log",
    errno.ENOMEM: _MEMORY,
    errno.EMFILE: _FILES,
    errno.ENFILE: _FILES,
    errno.EAGAIN: "raise the limit on processes: ulimit -u",
}
"""System errors that can occur anywhere, and their remedies."""

_IN_WORDS = re.compile(
    "|".join(re.escape(os.strerror(code)) for code in REMEDIES if code not in (errno.EACCES, errno.EPERM))
    + r"|No usable temporary directory found|fatal signal terminated program|can't (?:fork|create child)"
)
"""How other programs report the same: TensorFlow, PlatformIO, the compiler and the linker."""
_LITTLE_BYTES = 1 << 20


def machine_fault(error: BaseException, *places: Path) -> MachineError | None:
    """``error`` as a fault of the machine; None if the network, the user or micronas caused it.

    ``places`` are folders that the work writes to: a write that finds no room does not say where.
    The causes of ``error`` are examined too, because a stage may wrap a system error. Errors of a board's
    port are not faults of the machine: cables and power supplies cause them (see ``on_board_failure``).
    """
    for cause in _causes(error):
        if isinstance(cause, MachineError):
            return cause
        if isinstance(cause, ToolMissingError | InstallError):
            return MachineError(cause.message, remedy=cause.remedy)
        if isinstance(cause, DeviceError | FlashError):
            return None
        if isinstance(cause, OSError) and cause.errno in REMEDIES:
            return MachineError(describe(cause, *places), remedy=REMEDIES[cause.errno])
    text = error.message if isinstance(error, MicronasError) else str(error)
    return fault_in_words(text)


def fault_in_words(text: str) -> MachineError | None:
    """The fault that another program's message ``text`` names, with that line; None if there is none."""
    line = next((line.strip() for line in text.splitlines() if _IN_WORDS.search(line)), None)
    if line is None:
        return None
    found = next((code for code in REMEDIES if os.strerror(code) in line), None)
    return MachineError(shown(line), remedy=REMEDIES[found] if found else _remedy_of(line))


def _remedy_of(line: str) -> str:
    return _ROOM if "temporary directory" in line else _MEMORY


def missing_path(error: OSError) -> MachineError | None:
    """The error for a path that is not there and that no verb checks, such as a folder moved meanwhile."""
    if error.filename is None or error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ESTALE):
        return None
    return MachineError(
        describe(error),
        remedy="it was moved or removed while micronas ran, or no file can be created there: put it back, or "
        "use another folder; temporary files go to TMPDIR, compiled objects to XDG_CACHE_HOME",
    )


def describe(error: OSError, *places: Path) -> str:
    """``error`` with its file, of a copy the one that was written: unlike a failed open, a failed write names
    none.
    """
    path = error.filename if error.filename2 is None else error.filename2
    where = f"{path}: " if path is not None else _full_places(error.errno, places)
    return f"{where}{error.strerror}"


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__


def _full_places(code: int | None, places: Sequence[Path]) -> str:
    if code not in (errno.ENOSPC, errno.EDQUOT):
        return ""
    usual = (_temporary(), os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~")), os.getcwd())
    every = dict.fromkeys([*map(str, places), *usual])
    free = {place: shutil.disk_usage(place).free for place in every if os.path.isdir(place)}
    full = [f"{place} ({left:,} bytes free)" for place, left in free.items() if left < _LITTLE_BYTES]
    return f"{', '.join(full)}: " if full else ""


def _temporary() -> str:
    try:
        return tempfile.gettempdir()
    except OSError:  # no folder for temporary files can be written
        return os.environ.get("TMPDIR", "/tmp")
