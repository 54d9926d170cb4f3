"""One line of ``micronas doctor``."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass

from micronas.errors import MicronasError

DEADLINE_S = 20.0


@dataclass(frozen=True)
class Finding:
    """What was checked, whether it is right, its version or the problem, and the next step.

    A finding that is ``ok`` and has a ``remedy`` concerns something that only some users need.
    """

    what: str
    ok: bool
    detail: str
    remedy: str = ""


def tool(name: str, ask: Callable[[], str], *, optional: str = "") -> Finding:
    """The version of a program by ``ask``; ``optional`` names its use if other uses do not need it."""
    try:
        return Finding(name, True, ask())
    except MicronasError as error:
        detail = f"{error.message}; only needed for {optional}" if optional else error.message
        return Finding(name, bool(optional), detail, error.remedy or "")
    except (OSError, subprocess.SubprocessError) as error:
        return Finding(name, False, f"does not run: {error}", "install it again")


def first_line(command: list[str]) -> str:
    """The first line that a program prints, on either stream."""
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=DEADLINE_S,
        check=True,
    )
    return next(iter(done.stdout.strip().splitlines()), "no version reported")
