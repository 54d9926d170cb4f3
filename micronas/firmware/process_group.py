"""Runs a command and its children, with a deadline that ends all of them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_KILLED_S = 5.0


@dataclass(frozen=True)
class Finished:
    """The result of a command: its exit code and complete output."""

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
    command: Sequence[str], environment: Mapping[str, str], *, deadline_s: float, cwd: Path | None = None
) -> Finished:
    """Run ``command`` in its own process group; raises ``subprocess.TimeoutExpired`` after killing the group.

    SCons and the compilers are children of the command and are killed with the group. A descendant that left
    the group may survive and keep the output open; the deadline holds nevertheless.
    """
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=deadline_s)
    except BaseException:
        kill_group(process)
        _collect(process)
        raise
    return Finished(process.returncode, output)


def _collect(process: subprocess.Popen[str]) -> None:
    """Reap a killed process without waiting for a descendant that still has its output open."""
    try:
        process.communicate(timeout=_KILLED_S)
    except subprocess.TimeoutExpired:
        if process.stdout is not None:
            process.stdout.close()
