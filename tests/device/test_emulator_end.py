"""An emulator that ends by itself: the message says how, bounded and escaped, and blames no network."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from pathlib import Path

import pytest

from micronas.board import load_board
from micronas.device.emulator_process import EmulatorProcess, _dying_with_parent
from micronas.device.qemu import QemuDevice
from micronas.errors import EmulatorEndedError
from micronas.host.machine_fault import machine_fault
from tests.support.fake_tools import Tools

BOARD = load_board("netduinoplus2")
PTY = """exec python3 -c "
import os, pty, time
master, slave = pty.openpty()
print('char device redirected to', os.ttyname(slave), flush=True)
time.sleep(60)
"
"""

ESCAPED = """
import os, time
if os.fork() == 0:
    os.setsid()
    print(os.getpid(), flush=True)
    time.sleep(60)
time.sleep(0.5)
"""


def test_qemu_that_exits_says_how(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = r"""printf '\033[31mno room'; head -c 3000000 /dev/zero | tr '\0' x; exit 7"""
    Tools(tmp_path / "bin", monkeypatch).add("qemu-system-arm", noise)
    with pytest.raises(
        EmulatorEndedError, match=r"ended immediately with exit code 7: \\x1b\[31mno room"
    ) as found:
        QemuDevice(BOARD, tmp_path / "x.elf").__enter__()
    assert len(found.value.message) < 1_000
    assert machine_fault(found.value) is found.value


def test_qemu_that_is_killed_during_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Tools(tmp_path / "bin", monkeypatch).add("qemu-system-arm", PTY)
    device = QemuDevice(BOARD, tmp_path / "x.elf", answers=lambda link, deadline_s: None)
    with pytest.raises(EmulatorEndedError, match="ended while the firmware ran, with signal 9"):
        _kill_and_read(device)


def _kill_and_read(device: QemuDevice) -> None:
    with device as link:
        assert device.pid is not None
        os.kill(device.pid, signal.SIGKILL)
        while True:
            link.read(1.0)


def test_an_emulator_that_is_not_there_is_the_machines_fault(tmp_path: Path) -> None:
    with pytest.raises(EmulatorEndedError, match="does not start"):
        EmulatorProcess([str(tmp_path / "missing")])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
def test_an_emulator_asks_to_end_with_its_parent_with_and_without_setpriv(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words, prepare = _dying_with_parent(["sh"])
    assert (words[1:], prepare) == (["--pdeathsig", "KILL", "--", "sh"], None)
    monkeypatch.setenv("PATH", str(tmp_path))
    words, prepare = _dying_with_parent(["/bin/sh"])
    assert words == ["/bin/sh"]
    assert prepare is not None


def test_output_is_kept_at_both_ends(tmp_path: Path) -> None:
    text = "echo begin; head -c 5000000 /dev/zero | tr '\\0' x; echo end"
    process = EmulatorProcess(["sh", "-c", text])
    assert process.wait(60.0)
    said = process.said()
    process.close()
    assert said.startswith("begin\n")
    assert said.endswith("end\n")
    assert len(said) == 2 << 20


def test_output_fills_no_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file takes it: the limit on file sizes, of both processes, is one that the output exceeds."""
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "there is none"))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, before[1]))
    try:
        process = EmulatorProcess(["sh", "-c", "head -c 5000000 /dev/zero; exit 4"])
        assert process.wait(60.0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert process.exit_text == "exit code 4"
    process.close()


def test_a_child_that_outlives_the_emulator_does_not_hold_its_end() -> None:
    process = EmulatorProcess([sys.executable, "-c", ESCAPED])
    assert process.wait(60.0)
    pid = int(process.said().split()[0])
    process.close()
    assert process.said() == ""
    os.kill(pid, signal.SIGKILL)
