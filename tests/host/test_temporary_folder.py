"""Folders in TMPDIR end with their process, or after a kill -9 with a later one; others' are left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from micronas.host import temporary_folder as module
from micronas.host.temporary_folder import temporary_folder

HOLD = (
    "import time\nfrom micronas.host.temporary_folder import temporary_folder\n"
    "with temporary_folder() as folder:\n    print(folder, flush=True)\n    time.sleep(60)\n"
)


@pytest.fixture
def parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(module, "YOUNG_S", 0.0)
    return tmp_path


def start(parent: Path) -> tuple[subprocess.Popen[str], Path]:
    environment = {**os.environ, "TMPDIR": str(parent)}
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_a_folder_ends_with_its_block(parent: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        _interrupted()
    assert list(parent.iterdir()) == []


def _interrupted() -> None:
    with temporary_folder() as folder:
        (folder / "file").write_text("x")
        raise KeyboardInterrupt


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no kill -9")
def test_what_a_killed_process_left_goes_and_a_running_ones_stays(parent: Path) -> None:
    dead, left = start(parent)
    dead.kill()
    dead.wait()
    running, used = start(parent)
    (parent / "micronas-claims").mkdir()
    victim = parent / "victim"
    (victim / "inside").mkdir(parents=True)
    (victim / "in-use").touch()
    (parent / "micronas-link").symlink_to(victim)
    try:
        with temporary_folder("micronas-renode-") as folder:
            assert folder.name.startswith("micronas-renode-")
            assert not left.exists()
            assert used.is_dir()
            assert (victim / "inside").is_dir()
            assert (parent / "micronas-claims").is_dir()
    finally:
        running.kill()
        running.wait()
