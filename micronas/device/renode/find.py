"""Where Renode is: named by MICRONAS_RENODE, on PATH, or among PlatformIO's packages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from micronas.errors import ToolMissingError

VARIABLE = "MICRONAS_RENODE"
_NAME = "renode"  # in every package, conda-forge's renode-cli among them


def find_renode() -> str:
    """Path of the executable; raises ``ToolMissingError`` naming how to get it."""
    named = os.environ.get(VARIABLE)
    if named:
        if os.access(named, os.X_OK) and Path(named).is_file():
            return named
        raise ToolMissingError(
            f"{VARIABLE} is {named!r}, which is not an executable file", remedy=f"mend or unset {VARIABLE}"
        )
    for candidate in _candidates():
        return candidate
    raise ToolMissingError(
        "Renode is not on PATH, not named by MICRONAS_RENODE and not among PlatformIO's packages",
        remedy="get it by `pio pkg install -g -t platformio/tool-renode`, from conda-forge (renode-cli), "
        "or from renode.io; QEMU needs none of this (--device qemu)",
    )


def _candidates() -> Iterator[str]:
    if found := shutil.which(_NAME):
        yield found
    packages = Path(os.environ.get("PLATFORMIO_CORE_DIR", Path.home() / ".platformio")) / "packages"
    packaged = packages / "tool-renode" / _NAME
    if os.access(packaged, os.X_OK):
        yield str(packaged)
