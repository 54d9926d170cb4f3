"""A program in a terminal of 80 columns, and its screen: enough of a VT100 for rich's panels."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping
from pathlib import Path

COLUMNS, ROWS = 80, 40
_SEQUENCE = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])")


class Terminal:
    """Runs ``command`` on a pseudo terminal of its own."""

    def __init__(self, command: list[str], cwd: Path, environment: Mapping[str, str]) -> None:
        self._end, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.program = subprocess.Popen(
            command,
            cwd=cwd,
            env={**os.environ, "TERM": "xterm", "COLUMNS": str(COLUMNS), **environment},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self._text = ""

    def wait_for(self, ready: Callable[[list[str]], bool], deadline_s: float = 120.0) -> list[str]:
        """The screen, once it is as wanted; fails with the screen as it is after ``deadline_s``."""
        deadline = time.monotonic() + deadline_s
        while not ready(self.screen()):
            assert time.monotonic() < deadline, "\n".join(self.screen())
            if not self._read(0.2):
                assert ready(self.screen()), "\n".join(self.screen())
        return self.screen()

    def interrupt(self) -> None:
        """What Ctrl-C does: every process of the foreground gets SIGINT."""
        os.killpg(self.program.pid, signal.SIGINT)

    def end(self, deadline_s: float = 60.0) -> tuple[int, list[str]]:
        """Exit code and last screen."""
        deadline = time.monotonic() + deadline_s
        while self._read(0.2) and time.monotonic() < deadline:
            pass
        return self.program.wait(deadline_s), self.screen()

    def screen(self) -> list[str]:
        """The lines that a person sees, scrolled ones included, without empty ones at the end."""
        return drawn(self._text)

    def _read(self, timeout_s: float) -> bool:
        """Take what is there; False once the program has closed its end."""
        ready, _, _ = select.select([self._end], [], [], timeout_s)
        if not ready:
            return True
        try:
            data = os.read(self._end, 65536)
        except OSError:
            return False
        self._text += data.decode("utf-8", "replace")
        return bool(data)


def drawn(text: str) -> list[str]:
    """Play ``text`` with carriage returns, cursor up and erase; a line of 80 characters wraps."""
    lines, row, column, place = [""], 0, 0, 0
    while place < len(text):
        if match := _SEQUENCE.match(text, place):
            place = match.end()
            count = int(match[1]) if match[1].isdigit() else 1
            if match[2] == "A":
                row = max(0, row - count)
            elif match[2] == "K":
                lines[row] = "" if match[1] == "2" else lines[row][:column]
            continue
        character, place = text[place], place + 1
        if character == "\r":
            column = 0
        elif character == "\n" or column == COLUMNS:
            row, column = row + 1, 0
            lines += [""] * (row + 1 - len(lines))
        if character not in "\r\n" and character >= " ":
            lines[row] = lines[row].ljust(column)[:column] + character + lines[row][column + 1 :]
            column += 1
    while lines and not lines[-1].strip():
        lines.pop()
    return [line.rstrip() for line in lines]
