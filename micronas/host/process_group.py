"""Runs a command and its children, with a deadline that ends all of them and a bound on what they print."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from micronas.host.program_output import read_in_background

_KILLED_S = 5.0


@dataclass(frozen=True)
class Finished:
    """The result of a command: its exit code, and its output without the middle of more than 2 MB."""

    code: int
    output: str


def kill_group(process: subprocess.Popen[Any]) -> None:
    """Kill ``process``, which leads its own group, and all its children, even if it has ended itself."""
    if sys.platform == "win32":
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(process.pid)], capture_output=True, check=False)
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):  # all have ended; macOS says the latter
        os.killpg(process.pid, signal.SIGKILL)


def run_group(
    command: Sequence[str],
    environment: Mapping[str, str] | None = None,
    *,
    deadline_s: float,
    cwd: Path | None = None,
    with_errors: bool = True,
) -> Finished:
    """Run ``command`` in its own process group; raises ``subprocess.TimeoutExpired`` after killing the group.

    SCons and the compilers are children of the command and are killed with the group. A descendant that left
    the group may survive and keep the output open; the deadline holds nevertheless. ``with_errors``: standard
    error is part of the output, otherwise it is dropped. Raises ``OSError`` if the command does not start.
    """
    begin = time.monotonic()
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if with_errors else subprocess.DEVNULL,
        bufsize=0,
        start_new_session=True,
    )
    assert process.stdout is not None, "asked for by PIPE"
    output, reader = read_in_background(process.stdout)
    try:
        process.wait(deadline_s)
        reader.join(max(0.0, begin + deadline_s - time.monotonic()))
        if reader.is_alive():
            raise subprocess.TimeoutExpired(command, deadline_s)
    except BaseException:
        kill_group(process)
        _collect(process, reader)
        raise
    return Finished(process.returncode, output.text())


def _collect(process: subprocess.Popen[bytes], reader: threading.Thread) -> None:
    """Reap a killed process without waiting for a descendant that still has its output open."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_KILLED_S)
    reader.join(_KILLED_S)
