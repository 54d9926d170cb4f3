"""Boards behind ports, without a board: an upload starts the ELF in QEMU, whose UART is the port thereafter.

A port is a link to a pseudo terminal: at first to one on which no firmware replies, as on an empty chip. The
only stand-in is the program that uploads, at the head of PATH; everything else is as with boards.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import tty
from pathlib import Path
from typing import Self

import yaml

from micronas.board import load_board
from micronas.device.qemu import QEMU, qemu_command

PROFILE = "bench_f446re"
"""A NUCLEO-F446RE without a probe, which is written through its port by the chip's boot loader."""

_UPLOADER = """#!/bin/sh
# stm32flash -b BAUD -w FILE.bin -v -g ADDRESS PORT
for port; do :; done
[ -e "$port.pid" ] && kill "$(cat "$port.pid")"
said=$({qemu} -kernel "${{4%.bin}}.elf" -daemonize -pidfile "$port.pid" 2>&1) || {{ echo "$said"; exit 1; }}
ln -sfn "$(echo "$said" | sed -n 's/.*redirected to \\([^ ]*\\).*/\\1/p')" "$port"
echo upload >> "$port.log"
"""


class AttachedBoards:
    """Use as a context manager; ``ports`` are the boards' ports, ``profile`` the path of their profile."""

    def __init__(self, folder: Path, count: int) -> None:
        self.ports = [str(folder / f"tty{number}") for number in range(count)]
        self.profile = folder / f"{PROFILE}.yaml"
        self._tools = folder / "tools"

    def __enter__(self) -> Self:
        board = load_board("nucleo_f446re")
        assert board.emulator is not None
        profile = board.model_dump(mode="json", exclude_none=True)
        profile |= {"name": PROFILE, "upload": {"protocol": "serial"}}
        self.profile.write_text(yaml.safe_dump(profile), encoding="utf-8")
        self._tools.mkdir()
        words = [QEMU, *qemu_command(board.emulator, Path("ELF"))]
        at = words.index("-kernel")
        script = self._tools / "stm32flash"
        script.write_text(_UPLOADER.format(qemu=shlex.join(words[:at] + words[at + 2 :])), encoding="utf-8")
        script.chmod(0o755)
        os.environ["PATH"] = f"{self._tools}:{os.environ['PATH']}"
        self._far_ends = [_silent(port) for port in self.ports]
        return self

    def uploads(self) -> list[int]:
        """How often each board was written."""
        logs = [Path(f"{port}.log") for port in self.ports]
        return [len(log.read_text().splitlines()) if log.exists() else 0 for log in logs]

    def __exit__(self, *_: object) -> None:
        os.environ["PATH"] = os.environ["PATH"].removeprefix(f"{self._tools}:")
        for port in self.ports:
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                os.kill(int(Path(f"{port}.pid").read_text()), signal.SIGKILL)
        for end in self._far_ends:
            os.close(end)


def _silent(port: str) -> int:
    """Make ``port``; returns its other end, at which there is nothing."""
    far, near = os.openpty()
    tty.setraw(near)
    os.symlink(os.ttyname(near), port)
    os.close(near)  # a port that a process holds would be refused
    return far
