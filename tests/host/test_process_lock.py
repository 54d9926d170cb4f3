"""One process at a time, whichever system; nothing is left behind by one that was killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from micronas.host.process_lock import HeldError, ProcessLock, owner_of

HOLD = (
    "import sys, time\nfrom pathlib import Path\nfrom micronas.host.process_lock import ProcessLock\n"
    "lock = ProcessLock(Path(sys.argv[1]))\nlock.acquire()\nprint(1, flush=True)\ntime.sleep(60)\n"
)


def test_a_lock_names_its_holder_and_ends_with_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert owner_of(path) == ""
    other = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None
    other.stdout.readline()
    lock = ProcessLock(path)
    with pytest.raises(HeldError) as held:
        lock.acquire()
    assert held.value.owner == str(other.pid) == owner_of(path)
    other.kill()
    other.wait()
    assert owner_of(path) == ""
    lock.acquire()
    lock.release()
    lock.release()
    assert owner_of(path) == ""


def test_no_part_of_micronas_needs_a_module_that_windows_lacks() -> None:
    """``fcntl``, ``pwd``, ``grp``, ``termios`` and ``resource`` are not there: found by blocking them."""
    script = (
        "import sys\n"
        "for name in ('fcntl', 'pwd', 'grp', 'termios', 'resource', 'pty'):\n    sys.modules[name] = None\n"
        "import micronas.cli.app, micronas.store.run_lock, micronas.device.lock, micronas.search.run\n"
        "import micronas.cli.doctor.examine, micronas.device.targets\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
