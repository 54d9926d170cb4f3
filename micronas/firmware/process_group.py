"""Runs a command and its children, with a deadline that ends all of them."""

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
    """The result of a command: its exit code and complete output."""

    code: int
    output: str


def kill_group(process: subprocess.Popen[Any]) -> None:
    """Kill ``process``, which leads its own group, and all its children."""
    if sys.platform == "win32":
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(process.pid)], capture_output=True, check=False)
        return
    os.killpg(process.pid, signal.SIGKILL)


def run_group(
    command: Sequence[str], environment: Mapping[str, str], *, deadline_s: float, cwd: Path | None = None
) -> Finished:
    """Run ``command`` in its own process group; raises ``subprocess.TimeoutExpired`` after killing the group.

    SCons and the compilers are children of the command and are killed with the group.
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
