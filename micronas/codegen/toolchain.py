"""The Arm compiler on PATH: its path and its version."""

from __future__ import annotations

import functools
import shutil
import subprocess

from micronas.errors import ToolMissingError

GCC = "arm-none-eabi-gcc"
_VERSION_DEADLINE_S = 20.0


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
    """The compiler's version, for example ``12.2.1``."""
    output = subprocess.run(
        [path, "-dumpfullversion"], capture_output=True, text=True, timeout=_VERSION_DEADLINE_S, check=True
    )
    return output.stdout.strip()
