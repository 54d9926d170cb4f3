"""What a machine refuses is recognised as its fault, wherever it was raised; all else stays a network's."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from micronas.errors import (
    BoardLostError,
    BuildError,
    EmulatorEndedError,
    MicronasError,
    ToolMissingError,
    TrainError,
)
from micronas.host.machine_fault import fault_in_words, machine_fault, missing_path


def wrapped(outer: Exception, cause: Exception) -> Exception:
    outer.__cause__ = cause
    return outer


ROOM = "free disk space"


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/tmp/x"), ROOM),
        (OSError(errno.EFBIG, os.strerror(errno.EFBIG)), "ulimit -f"),
        (OSError(errno.EMFILE, os.strerror(errno.EMFILE)), "ulimit -n"),
        (wrapped(TrainError("it stopped"), OSError(errno.EDQUOT, "Disk quota exceeded")), ROOM),
        (ToolMissingError("no compiler", remedy="apt install it"), "apt install it"),
        (EmulatorEndedError("ended", remedy="look"), "look"),
        (RuntimeError("tensorflow: {{node}} /tmp/a; No space left on device"), ROOM),
        (
            BuildError("cc1: fatal error: error writing to /tmp/cc: No space left on device"),
            ROOM,
        ),
        (
            FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']"),
            ROOM,
        ),
    ],
)
def test_faults_of_the_machine(error: Exception, remedy: str) -> None:
    fault = machine_fault(error)
    assert fault is not None
    assert remedy in (fault.remedy or "")


@pytest.mark.parametrize(
    "error",
    [
        BuildError("mn_model.c:1: error: 'zero' undeclared"),
        MicronasError("NaN loss"),
        ValueError("shape (1, 2)"),
        wrapped(BoardLostError("the port disappeared"), OSError(errno.EIO, "Input/output error")),
    ],
)
def test_faults_of_networks_and_boards_are_not(error: Exception) -> None:
    assert machine_fault(error) is None


def test_a_fault_in_a_programs_output_is_shown_with_its_line_alone() -> None:
    output = "Compiling a.o\nas: can't write \x1b[31m17 bytes: No space left on device\n" + "x" * 5000
    fault = fault_in_words(output)
    assert fault is not None
    assert fault.message == r"as: can't write \x1b[31m17 bytes: No space left on device"
    assert fault_in_words("region `flash' overflowed by 3 bytes") is None


def test_a_path_that_went_away_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as missing:
        (tmp_path / "moved" / "best").mkdir()
    fault = missing_path(missing.value)
    assert fault is not None
    assert str(tmp_path / "moved" / "best") in fault.message
    assert missing_path(OSError(errno.ENOENT, "nothing by name")) is None
    assert missing_path(IsADirectoryError(errno.EISDIR, "a folder", "x")) is None
