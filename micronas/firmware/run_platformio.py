"""Runs PlatformIO on a staged project, with a deadline and without the user's PlatformIO settings."""

from __future__ import annotations

import configparser
import os
import subprocess
import sys
from pathlib import Path

from micronas.board import Board
from micronas.codegen.toolchain import require_gcc
from micronas.errors import BuildError, MachineError
from micronas.firmware.build_environment import build_environment
from micronas.firmware.platformio_core import PLATFORM_NAME, offline_core, offline_core_id
from micronas.firmware.project import ENVIRONMENT, board_manifest
from micronas.host.process_group import Finished, run_group

PLATFORM_VARIABLE = "MICRONAS_PLATFORM"


def wants_registry() -> bool:
    """Whether MICRONAS_PLATFORM=ststm32 selects PlatformIO's own ``ststm32`` platform."""
    wanted = os.environ.get(PLATFORM_VARIABLE, PLATFORM_NAME)
    if wanted not in (PLATFORM_NAME, "ststm32"):
        raise BuildError(
            f"{PLATFORM_VARIABLE}={wanted} is not a platform that micronas supports",
            remedy=f"use ststm32 (PlatformIO's registry) or {PLATFORM_NAME} (the compiler on PATH)",
        )
    return wanted == "ststm32"


def local_ini(cache_dir: Path, *, objects: Path | None = None) -> str:
    """Text of platformio.local.ini: caches, and our own platform unless the registry is selected.

    ``objects`` is the folder of compiled objects, if not the one in ``cache_dir``.
    """
    lines = ["[platformio]", f"build_cache_dir = {objects or cache_dir / 'objects'}"]
    if not wants_registry():
        lines.append(f"core_dir = {cache_dir / offline_core_id()}")
        lines += ["", f"[env:{ENVIRONMENT}]", f"platform = {PLATFORM_NAME}", "platform_packages ="]
    return "\n".join(lines) + "\n"


def write_local_ini(folder: Path, board: Board, cache_dir: Path, *, objects: Path | None = None) -> None:
    """Write platformio.local.ini, and what it refers to: our platform in the cache, the board's manifest."""
    if not wants_registry():
        require_gcc()
        offline_core(cache_dir)
        manifest = folder / "boards" / f"{board.platformio_board}.json"
        manifest.parent.mkdir(exist_ok=True)
        manifest.write_text(board_manifest(board), encoding="utf-8")
    (folder / "platformio.local.ini").write_text(local_ini(cache_dir, objects=objects), encoding="utf-8")


def run_platformio(folder: Path, *arguments: str, deadline_s: float) -> Finished:
    """``platformio run`` in ``folder``; at the deadline the group is killed and ``MachineError`` raised."""
    command = [sys.executable, "-m", "platformio", "run", "--project-dir", str(folder), *arguments]
    environment = build_environment(os.environ, registry=wants_registry()) | _own_core(folder)
    try:
        return run_group(command, environment, deadline_s=deadline_s)
    except subprocess.TimeoutExpired as error:
        raise MachineError(
            f"PlatformIO did not finish within {deadline_s:.0f} s in {folder}",
            remedy="the machine may be overloaded: lower workers, then try again",
        ) from error


def _own_core(folder: Path) -> dict[str, str]:
    """PlatformIO writes its state into HOME, which may not be writable, unless a variable names the folder.

    It reads the project's ``core_dir`` too late for that.
    """
    local = configparser.ConfigParser(interpolation=None)
    local.read(folder / "platformio.local.ini", encoding="utf-8")
    core = local.get("platformio", "core_dir", fallback=None)
    return {"PLATFORMIO_CORE_DIR": core} if core else {}
