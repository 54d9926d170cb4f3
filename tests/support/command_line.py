"""The command line as a user types it, in a process of its own, and what every refusal must be."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

BOARD = ("--board", "nucleo_f446re")


def micronas(
    *arguments: object, cwd: Path, timeout_s: float = 120, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "micronas", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **environment},
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
