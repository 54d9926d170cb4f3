"""Ctrl-C or `kill` in the middle of an upload: the uploader ends, the board is free, the exit code is 130."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from micronas.device.lock import DeviceLock
from micronas.device.ports import Port
from micronas.device.serial_link import SerialLink
from tests.support.fake_board import FakeBoard
from tests.support.fake_tools import Tools

CLAIMS = "micronas-claims"
SERIAL = "066DFF505055657867184411"

# No probe is on the USB; and it is the test that holds the pseudo terminal, being the board.
SCRIPT = """
import signal, sys
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup ignores it, for these tests too
from micronas.cli import main
from micronas.device.flash import board
sys.argv = sys.argv[1:]
board.upload.__kwdefaults__["usb"] = board.flash.__kwdefaults__["usb"] = lambda: None
board.require_free = lambda port: None
main()
"""


def is_there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


@pytest.mark.emulator
@pytest.mark.slow
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda s: s.name)
def test_a_signal_in_an_upload_ends_the_uploader_and_frees_the_board(
    tmp_path: Path, networks: Path, monkeypatch: pytest.MonkeyPatch, sent: signal.Signals
) -> None:
    tools = Tools(tmp_path / "bin", monkeypatch)
    pid_file = tmp_path / "pid"
    tools.add("openocd", f"echo $$ > {pid_file}.new; mv {pid_file}.new {pid_file}; exec sleep 120")
    with FakeBoard() as board:
        model = networks / "tiny.tflite"
        command = ["micronas", "flash", str(model), "--board", "nucleo_f446re"]
        command += ["--port", board.port, "--probe", SERIAL]
        other = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, *command],
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env=os.environ | {"TMPDIR": str(tmp_path)},
        )
        deadline = time.monotonic() + 90
        while not pid_file.exists() and other.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert pid_file.exists(), other.communicate(timeout=10)
        other.send_signal(sent)
        _, said = other.communicate(timeout=30)
        assert other.returncode == 130, said
        assert "Traceback" not in said
        uploader = int(pid_file.read_text())
        while is_there(uploader) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not is_there(uploader)
        assert not [p.name for p in tmp_path.iterdir() if p.name.startswith("micronas-") and p.name != CLAIMS]
        port = Port(board.port, "", writer=SERIAL)
        with DeviceLock(port, tmp_path / CLAIMS), SerialLink(board.port, 115_200):
            pass
