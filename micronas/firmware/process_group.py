"""Runs a command and all that it starts, with a deadline that ends all of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Finished:
    """What a command left: its exit code and everything that it printed."""

    code: int
    output: str


def kill_group(process: subprocess.Popen[Any]) -> None:
    """Kill ``process``, which leads a group of its own, and all that it started."""
    if sys.platform == "win32":
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(process.pid)], capture_output=True, check=False)
        return
    os.killpg(process.pid, signal.SIGKILL)


def run_group(
    command: Sequence[str], environment: Mapping[str, str], *, deadline_s: float, cwd: Path | None = None
) -> Finished:
    """``command`` in a process group of its own; ``subprocess.TimeoutExpired`` once the group was killed.

    SCons and the compilers are children of what is started; they go with the group that it leads.
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
        if process.poll() is None:
            kill_group(process)
        process.communicate()
        raise
    return Finished(process.returncode, output)
