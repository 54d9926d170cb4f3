"""Finds Renode: the executable in MICRONAS_RENODE, on PATH, or in PlatformIO's packages."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from micronas.device.renode.output import cause_of_end
from micronas.errors import DeviceError, ToolMissingError

VARIABLE = "MICRONAS_RENODE"
OLDEST = (1, 16)
_VERSION_DEADLINE_S = 30.0
_VERSION = re.compile(r"(\d+)\.(\d+)\.\d+")
_GET_IT = (
    "install Renode 1.16 or later: `pio pkg install -g -t platformio/tool-renode`, "
    "conda-forge's renode-cli, or renode.io; --device qemu does not need it"
)
_INSTALL_AGAIN = "reinstall it, or set MICRONAS_RENODE to another one"
_NAME = "renode"  # in every package, conda-forge's renode-cli among them


def find_renode() -> str:
    """Path of the executable; raises ``ToolMissingError`` with installation instructions."""
    named = os.environ.get(VARIABLE)
    if named:
        if os.access(named, os.X_OK) and Path(named).is_file():
            return named
        raise ToolMissingError(
            f"{VARIABLE} is {named!r}, which is not an executable file", remedy=f"correct or unset {VARIABLE}"
        )
    for candidate in _candidates():
        return candidate
    raise ToolMissingError(
        "Renode was not found in MICRONAS_RENODE, on PATH or in PlatformIO's packages",
        remedy=_GET_IT,
    )


def require_renode() -> str:
    """The version line of Renode; raises ``DeviceError`` if it does not start or is too old."""
    executable = find_renode()
    try:
        asked = subprocess.run(
            [executable, "--version"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
            timeout=_VERSION_DEADLINE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DeviceError(f"{executable} does not start: {error}", remedy=_INSTALL_AGAIN) from error
    lines = asked.stdout.splitlines()
    if asked.returncode != 0:
        said = cause_of_end(lines) or f"exit code {asked.returncode}, no message"
        raise DeviceError(f"{executable} does not start: {said}", remedy=_INSTALL_AGAIN)
    version = next((line.strip() for line in lines if _VERSION.search(line)), "no version reported")
    _require_new_enough(version)
    return version


def _require_new_enough(version: str) -> None:
    """A build from source may report 0.0.0, which is accepted."""
    found = _VERSION.search(version)
    if found and (0, 0) < (int(found[1]), int(found[2])) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise DeviceError(f"{version} is older than {oldest}, the oldest supported version", remedy=_GET_IT)


def _candidates() -> Iterator[str]:
    if found := shutil.which(_NAME):
        yield found
    packages = Path(os.environ.get("PLATFORMIO_CORE_DIR") or os.path.expanduser("~/.platformio")) / "packages"
    packaged = packages / "tool-renode" / _NAME
    if os.access(packaged, os.X_OK):
        yield str(packaged)
