"""Reads Renode's console: the port that it chose, and the reason when it ends."""

from __future__ import annotations

import re
from collections.abc import Sequence

from micronas.host.program_output import shown

_PORT = re.compile(r"remote server is listening on port (\d+)")
_CAUSES = ("Unhandled exception", "Fatal error", "[ERROR]")
_LINES = 3


def control_port(lines: Sequence[str]) -> int | None:
    """The port of its remote control; None until it is printed (HttpServer.cs of Renode 1a0558cc)."""
    return next((int(found[1]) for line in lines if (found := _PORT.search(line))), None)


def cause_of_end(lines: Sequence[str]) -> str:
    """The lines with the reason why it ended, otherwise its last lines; empty if it printed nothing.

    A crash prints its cause first and a page of stack frames after it.
    """
    causes = [line for line in lines if any(sign in line for sign in _CAUSES)]
    chosen = causes[:_LINES] if causes else [line for line in lines if line.strip()][-_LINES:]
    return " | ".join(shown(line) for line in chosen)
