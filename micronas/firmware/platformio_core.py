"""A PlatformIO core folder that works without PlatformIO's registry.

PlatformIO keeps platforms and tools in its core folder and downloads missing ones. For a bare-metal build it
needs two packages: a development platform, which is in firmware/platform, and SCons as ``tool-scons``, which
the ``scons`` of the same Python environment replaces. Both are stored as PlatformIO records an installed
package (``.piopm``), so that it finds them and opens no connection. The folder is named after its content: it
is written once, atomically, and shared by every build.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from functools import cache
from importlib.metadata import version
from pathlib import Path

from micronas.firmware.project import hash_files
from micronas.host.durable import sync_folder, sync_tree
from micronas.host.resources import resource

PLATFORM_NAME = "micronas_arm"
_SCONS_SCRIPT = "import SCons.Script\n\nSCons.Script.main()\n"


def offline_core(cache_dir: Path) -> Path:
    """The core folder inside ``cache_dir``, created on first use."""
    files = _core_files()
    folder = cache_dir / offline_core_id()
    if not _holds(folder, files):
        shutil.rmtree(folder, ignore_errors=True)  # damaged, for example by a loss of power
        _write_atomically(files, folder)
    return folder


@cache
def offline_core_id() -> str:
    """Name of the core folder, which is a hash of its content."""
    return f"platformio-{hash_files(_core_files()).hex()[:12]}"


def _core_files() -> dict[str, str]:
    platform_dir = resource("firmware") / "platform"
    sources = [p for p in sorted(platform_dir.rglob("*")) if p.suffix in (".py", ".json")]
    files = {
        f"platforms/{PLATFORM_NAME}/{p.relative_to(platform_dir).as_posix()}": p.read_text(encoding="utf-8")
        for p in sources
    }
    platform_version = json.loads(files[f"platforms/{PLATFORM_NAME}/platform.json"])["version"]
    scons_version = _wanted_scons_version()
    files[f"platforms/{PLATFORM_NAME}/.piopm"] = _piopm("platform", PLATFORM_NAME, platform_version, None)
    files["packages/tool-scons/package.json"] = json.dumps({"name": "tool-scons", "version": scons_version})
    files["packages/tool-scons/.piopm"] = _piopm("tool", "tool-scons", scons_version, "platformio")
    files["packages/tool-scons/scons.py"] = _SCONS_SCRIPT
    return files


def _holds(folder: Path, files: dict[str, str]) -> bool:
    try:
        return all((folder / name).read_text(encoding="utf-8") == text for name, text in files.items())
    except (OSError, UnicodeDecodeError):
        return False


def _wanted_scons_version() -> str:
    """The lowest version that this PlatformIO accepts; the environment's own SCons runs."""
    from platformio.dependencies import get_core_dependencies

    version("scons")  # raises PackageNotFoundError if SCons is not installed
    return re.sub(r"[^\d.]", "", get_core_dependencies()["tool-scons"])


def _piopm(kind: str, name: str, package_version: str, owner: str | None) -> str:
    spec = {"owner": owner, "id": None, "name": name, "requirements": None, "uri": None}
    return json.dumps({"type": kind, "name": name, "version": package_version, "spec": spec})


def _write_atomically(files: dict[str, str], folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=".core-", dir=folder.parent))
    try:
        for name, text in files.items():
            path = staging / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        sync_tree(staging)
        os.rename(staging, folder)
        sync_folder(folder.parent)
    except OSError:
        shutil.rmtree(staging, ignore_errors=True)
        if not folder.is_dir():  # otherwise another process created the same content first
            raise
