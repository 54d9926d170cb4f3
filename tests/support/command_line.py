"""The command line as a user types it, in a process of its own, and what every refusal must be."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.forked import can_fork, run_forked

BOARD = ("--board", "nucleo_f446re")


def micronas(
    *arguments: object, cwd: Path, timeout_s: float = 120, **environment: str
) -> subprocess.CompletedProcess[str]:
    """``micronas ARGUMENTS`` in a process of its own, which is forked where that makes no difference."""
    words, variables = [*map(str, arguments)], {**os.environ, **environment}
    if can_fork(variables):
        return run_forked(words, cwd, variables, timeout_s)
    return subprocess.run(
        [sys.executable, "-m", "micronas", *words],
        cwd=cwd,
        env=variables,
        capture_output=True,
        text=True,
        timeout=timeout_s,
    )


def refused(done: subprocess.CompletedProcess[str], *parts: str) -> str:
    """The message of a refusal, held against what every refusal must be."""
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 3
    for part in parts:
        assert part in done.stderr
    return done.stderr
