"""The remedy in the message of a machine's fault is followed; ``--resume`` then finishes the search.

Trainings take no time here; data, workers, store, build and emulator are the real ones.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from micronas.store import Store
from tests.support.paths import REPOSITORY

pytestmark = [pytest.mark.slow, pytest.mark.emulator]

TRIALS = 3
CONFIG = """
board: nucleo_f446re
data: {name: digits}
space: {max_blocks: 2, max_width: 8}
strategy: {name: random}
final_fit: {candidates: 1}
workers: 1
"""
CACHED_DATA = '''
import errno, multiprocessing, os
from micronas.data.sources.digits import load_digits8

def cached(config):
    """Digits; workers have a full disk as long as the file ``full`` exists."""
    if multiprocessing.parent_process() is not None and os.path.exists("full"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "cache/digits")
    return load_digits8(config.model_copy(update={"name": "digits"}))
'''
BROKEN_QEMU = """#!/bin/sh
case "$*" in *version*|*help*) exec "{real}" "$@" ;; esac
echo "qemu: cannot set up guest memory 'ram': Cannot allocate memory" >&2
exit 1
"""
GONE_COMPILER = """#!/bin/sh
case "$*" in *-dump*|*-print*|*--version*) exec "{real}" "$@" ;; esac
echo "arm-none-eabi-gcc: fatal error: cannot write: No space left on device" >&2
exit 1
"""


@dataclass(frozen=True)
class Fault:
    """How to break the machine, and what the message then says."""

    said: str
    remedy: str
    environment: Mapping[str, str] = field(default_factory=dict)
    limit_file_bytes: int | None = None


def script_before(folder: Path, name: str, text: str) -> dict[str, str]:
    """The environment in which ``name`` is found as a script of ``folder`` first."""
    real = shutil.which(name)
    assert real is not None
    folder.mkdir()
    (folder / name).write_text(text.format(real=real))
    (folder / name).chmod(0o755)
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


def emulator_that_exits(folder: Path) -> Fault:
    environment = script_before(folder / "bin", "qemu-system-arm", BROKEN_QEMU)
    return Fault(
        "Cannot allocate memory", "free memory, or lower workers; then continue with --resume", environment
    )


def full_disk(folder: Path) -> Fault:
    environment = script_before(folder / "bin", "arm-none-eabi-gcc", GONE_COMPILER)
    return Fault("No space left on device", "; then continue with --resume", environment)


def limit_on_files(folder: Path) -> Fault:
    return Fault(
        "disk I/O error", "raise the limit on file sizes if there is one (ulimit -f)", limit_file_bytes=70_000
    )


FAULTS: tuple[Callable[[Path], Fault], ...] = (emulator_that_exits, full_disk, limit_on_files)


def search(folder: Path, *words: str, fault: Fault | None = None) -> subprocess.CompletedProcess[str]:
    def limit() -> None:
        if fault is not None and fault.limit_file_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (fault.limit_file_bytes, resource.RLIM_INFINITY))

    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), **(fault.environment if fault else {})}
    return subprocess.run(
        [sys.executable, "-m", "tests.support.untrained_search", "search", *words],
        cwd=folder,
        env=environment,
        preexec_fn=limit,
        capture_output=True,
        text=True,
        timeout=250,
    )


@pytest.mark.parametrize("broken", FAULTS, ids=lambda f: f.__name__)
def test_the_remedy_works(broken: Callable[[Path], Fault], tmp_path: Path) -> None:
    fault = broken(tmp_path)
    (tmp_path / "small.yaml").write_text(CONFIG)
    stopped = search(tmp_path, "small.yaml", "--trials", str(TRIALS), "--run", "one", fault=fault)
    assert stopped.returncode == 2, stopped.stderr
    assert fault.said in stopped.stderr
    assert fault.remedy in stopped.stderr
    assert "Traceback" not in stopped.stderr
    run = tmp_path / "runs" / "one"
    done = search(tmp_path, "--resume", str(run))
    assert done.returncode == 0, done.stderr
    with Store.read(run) as store:
        assert len(store.records()) == TRIALS
    assert (run / "best" / "firmware.elf").exists()


def test_so_does_that_of_workers_that_cannot_start(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(CONFIG.replace("name: digits", "name: 'cached_data:cached'"))
    (tmp_path / "cached_data.py").write_text(CACHED_DATA)
    (tmp_path / "full").touch()
    stopped = search(tmp_path, "small.yaml", "--trials", str(TRIALS), "--run", "one", "--device", "none")
    assert stopped.returncode == 2, stopped.stderr
    assert "a worker cannot start" in stopped.stderr
    assert "cache/digits" in stopped.stderr
    assert "free disk space" in stopped.stderr
    (tmp_path / "full").unlink()
    done = search(tmp_path, "--resume", "runs/one")
    assert done.returncode == 0, done.stderr
    with Store.read(tmp_path / "runs" / "one") as store:
        assert len(store.records()) == TRIALS
