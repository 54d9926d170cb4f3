"""``python -m micronas`` in a process that is forked from one with all imports, for a fraction of a start.

Otherwise the process is as a new one: folder, environment, standard streams, exit handlers and exit code.
"""

from __future__ import annotations

import functools
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from tests.support.paths import REPOSITORY, SUPPORT

_READ_AT_START = ("PYTHON", "LC_", "LANG", "LD_", "MALLOC_", "OMP_", "OPENBLAS_", "TERMINAL_WIDTH")
_START_S = 120.0


def can_fork(environment: Mapping[str, str]) -> bool:
    """Whether a forked process sees the variables that Python and libraries read when they start."""
    return hasattr(os, "fork") and _read_at_start(environment) == _server()[1]


def run_forked(
    arguments: Sequence[str], cwd: Path, environment: Mapping[str, str], timeout_s: float
) -> subprocess.CompletedProcess[str]:
    """As ``subprocess.run([sys.executable, "-m", "micronas", *arguments])`` with its output as text."""
    server, _ = _server()
    assert server.stdin is not None
    assert server.stdout is not None
    with tempfile.NamedTemporaryFile() as stdout, tempfile.NamedTemporaryFile() as stderr:
        call = {"arguments": list(arguments), "cwd": str(cwd), "environment": dict(environment)}
        call |= {"stdout": stdout.name, "stderr": stderr.name}
        server.stdin.write(json.dumps(call).encode() + b"\n")
        pid = int(_line(server.stdout, _START_S) or 0)
        assert pid, "the process that forks did not start"
        code = _line(server.stdout, timeout_s)
        if not code:
            os.kill(pid, signal.SIGKILL)
            _line(server.stdout, _START_S)
            raise subprocess.TimeoutExpired(list(arguments), timeout_s, stdout.read(), stderr.read())
        output, errors = (_text(stream) for stream in (stdout, stderr))
    return subprocess.CompletedProcess(["micronas", *arguments], int(code), output, errors)


@functools.cache
def _server() -> tuple[subprocess.Popen[bytes], dict[str, str]]:
    """The process that forks, and the variables of its start; one for each test process."""
    command = [sys.executable, str(SUPPORT / "fork_server.py")]
    pipe = subprocess.PIPE
    server = subprocess.Popen(command, cwd=REPOSITORY, stdin=pipe, stdout=pipe, bufsize=0)
    return server, _read_at_start(os.environ)


def _read_at_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(_READ_AT_START)}


def _line(stream: IO[bytes], timeout_s: float) -> bytes:
    """The next line; empty if there is none in time."""
    ready, _, _ = select.select([stream], [], [], timeout_s)
    return stream.readline() if ready else b""


def _text(stream: IO[bytes]) -> str:
    """Universal newlines, as ``subprocess`` with ``text=True``."""
    return stream.read().decode().replace("\r\n", "\n").replace("\r", "\n")
