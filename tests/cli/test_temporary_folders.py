"""What a verb leaves in TMPDIR: nothing after a signal; after a kill -9, nothing beyond the next start."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from micronas.host.temporary_folder import YOUNG_S
from tests.support.fake_tools import Tools

pytestmark = [pytest.mark.emulator, pytest.mark.skipif(sys.platform != "linux", reason="sends signals")]


@pytest.fixture
def place(tmp_path: Path, networks: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A TMPDIR, and a compiler that hangs as soon as it is to compile."""
    real = shutil.which("arm-none-eabi-gcc")
    hang = f'case "$*" in *-c*.c*) sleep 120;; *) exec {real} "$@";; esac'
    Tools(tmp_path / "bin", monkeypatch).add("arm-none-eabi-gcc", hang)
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("MODEL", str(networks / "tiny.tflite"))
    return place


def bench(*options: str) -> subprocess.Popen[str]:
    command = ["bench", os.environ["MODEL"], "--board", "netduinoplus2", *options]
    script = (
        "import signal; signal.signal(signal.SIGHUP, signal.SIG_DFL)\nfrom micronas.cli import main\nmain()"
    )
    return subprocess.Popen(
        [sys.executable, "-c", script, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def wait_for_folder(place: Path) -> Path:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = [path.parent for path in place.glob("micronas-*/in-use")]
        if found and any(found[0].rglob("mn_model.c")):
            return found[0]
        time.sleep(0.05)
    raise AssertionError("no folder in time")


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM], ids=lambda s: s.name)
def test_a_signal_leaves_no_folder(place: Path, sent: signal.Signals) -> None:
    process = bench()
    wait_for_folder(place)
    process.send_signal(sent)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert list(place.glob("micronas-*")) == []


def test_the_next_start_removes_what_kill_9_left(place: Path) -> None:
    process = bench()
    left = wait_for_folder(place)
    process.kill()
    process.communicate(timeout=60)
    assert left.is_dir()
    old = time.time() - 2 * YOUNG_S
    os.utime(left / "in-use", (old, old))
    after = bench()
    wait_until_gone(left)
    after.send_signal(signal.SIGTERM)
    after.communicate(timeout=60)
    assert list(place.glob("micronas-*")) == []


def wait_until_gone(folder: Path) -> None:
    deadline = time.monotonic() + 60
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not folder.exists()
