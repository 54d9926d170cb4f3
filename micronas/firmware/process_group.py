"""Runs a command and all that it starts, with a deadline that ends all of it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Finished:
    """What a command left: its exit code and everything that it printed."""

    code: int
    output: str


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
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    return Finished(process.returncode, output)
