"""The Arm compiler on PATH: its path and its version."""

from __future__ import annotations

import functools
import re
import shutil
import subprocess

from micronas.errors import ToolMissingError
from micronas.host.process_group import run_group
from micronas.host.program_output import exit_text, shown

GCC = "arm-none-eabi-gcc"
_VERSION_DEADLINE_S = 20.0
_VERSION = re.compile(r"\d+(\.\d+){0,3}")


def find_gcc() -> str | None:
    """Path of arm-none-eabi-gcc, or None."""
    return shutil.which(GCC)


def require_gcc() -> str:
    """Path of arm-none-eabi-gcc; raises ``ToolMissingError`` with the install command."""
    path = find_gcc()
    if path is None:
        raise ToolMissingError(
            f"{GCC} is not on PATH, so firmware cannot be compiled",
            remedy="Debian/Ubuntu: apt install gcc-arm-none-eabi libnewlib-arm-none-eabi; macOS: "
            "brew install --cask gcc-arm-embedded; or MICRONAS_PLATFORM=ststm32 (PlatformIO downloads one)",
        )
    return path


@functools.lru_cache(maxsize=4)
def gcc_version(path: str) -> str:
    """The compiler's version, for example ``12.2.1``; ``ToolMissingError`` if it does not report one."""
    try:
        asked = run_group([path, "-dumpfullversion"], deadline_s=_VERSION_DEADLINE_S, with_errors=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _not_working(path, str(error)) from error
    if asked.code != 0:
        raise _not_working(path, f"-dumpfullversion ends with {exit_text(asked.code)}")
    version = asked.output.strip()
    if not _VERSION.fullmatch(version):
        raise _not_working(path, f"its version is '{shown(version, 80)}'")
    return version


def _not_working(path: str, why: str) -> ToolMissingError:
    return ToolMissingError(
        f"{path} does not work: {why}",
        remedy="install the compiler again, or put another compiler first on PATH",
    )
