"""A deadline ends a command and what it started, also where the command itself has ended before."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from micronas.host import process_group
from micronas.host.process_group import run_group
from micronas.host.program_output import KEPT_BYTES

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def test_output_and_code_of_a_command() -> None:
    finished = run_group(["sh", "-c", "echo out; echo err >&2; exit 3"], os.environ, deadline_s=60.0)
    assert (finished.code, sorted(finished.output.split())) == (3, ["err", "out"])


def test_a_child_that_keeps_the_output_ends_with_the_deadline(tmp_path: Path) -> None:
    """The leader ends at once; its child would hold the pipe for a minute."""
    script = f"sleep 60 & echo $! > {tmp_path / 'pid'}"
    with pytest.raises(subprocess.TimeoutExpired):
        run_group(["sh", "-c", script], os.environ, deadline_s=1.0)
    assert not _runs(int((tmp_path / "pid").read_text()))


def test_a_descendant_outside_the_group_does_not_hold_the_deadline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_group, "_KILLED_S", 0.2)
    code = (
        "import os, pathlib, sys, time\nif os.fork() == 0:\n    os.setsid()\n"
        "    pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))\n    time.sleep(60)\n"
    )
    begin = time.monotonic()
    with pytest.raises(subprocess.TimeoutExpired):
        run_group([sys.executable, "-c", code, str(tmp_path / "pid")], os.environ, deadline_s=2.0)
    assert time.monotonic() - begin < 45.0
    os.kill(int((tmp_path / "pid").read_text()), 9)


def test_endless_output_takes_bounded_memory() -> None:
    """A compiler in a loop: 2 MB stay of it, the first line and the last among them."""
    command = "echo first; head -c 50000000 /dev/zero | tr '\\0' x; echo last"
    output = run_group(["sh", "-c", command], deadline_s=60.0).output
    assert len(output) == 2 * KEPT_BYTES
    assert output.startswith("first\n")
    assert output.endswith("last\n")


def test_output_that_never_ends_is_cut_at_the_deadline() -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        run_group(["yes"], deadline_s=0.5)


def test_bytes_that_are_no_text_are_replaced() -> None:
    output = run_group(["sh", "-c", r"printf '\377\033[31m'"], deadline_s=60.0).output
    assert output == "\N{REPLACEMENT CHARACTER}\x1b[31m"


def test_standard_error_can_be_left_out() -> None:
    command = ["sh", "-c", "echo out; echo err >&2"]
    assert run_group(command, deadline_s=60.0, with_errors=False).output == "out\n"


def _runs(pid: int) -> bool:
    """Whether ``pid`` runs; one that was killed and not yet reaped by its new parent does not."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return False
        if state == "Z":
            return False
        time.sleep(0.05)
    return True
