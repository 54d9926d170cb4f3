"""The environment of a build: the user's, without the variables that would change the image.

An image has one build id and one list of flags, which both come from the staged project. PlatformIO, SCons
and GCC also read variables, for example ``PLATFORMIO_BUILD_FLAGS`` or ``CPATH``, that neither would show.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.metadata import version

from micronas.codegen.toolchain import find_gcc
from micronas.errors import MachineError
from micronas.firmware.platformio_core import offline_core_id
from micronas.host.process_group import run_group
from micronas.host.program_output import exit_text

_VERSION_DEADLINE_S = 20.0
_VERSION_CHARACTERS = 200
_REGISTRY_FOLDERS = frozenset(
    f"PLATFORMIO_{name}" for name in ("CORE_DIR", "PLATFORMS_DIR", "PACKAGES_DIR", "CACHE_DIR", "AUTH_TOKEN")
)
_READ_BY_GCC = frozenset(
    (
        *("CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "OBJC_INCLUDE_PATH", "LIBRARY_PATH"),
        *("COMPILER_PATH", "GCC_EXEC_PREFIX", "GCC_COMPARE_DEBUG", "COLLECT_NO_DEMANGLE", "GNUTARGET"),
        *("LDEMULATION", "DEPENDENCIES_OUTPUT", "SUNPRO_DEPENDENCIES", "SOURCE_DATE_EPOCH"),
    )
)
"""Environment variables of GCC's and the GNU linker's manuals that change inputs or outputs."""
_SET = {
    "PLATFORMIO_SETTING_ENABLE_TELEMETRY": "No",
    "PLATFORMIO_DISABLE_UPGRADE_CHECK": "true",
    "PLATFORMIO_DISABLE_COLOR": "true",
    "PLATFORMIO_NO_ANSI": "true",
    "LC_ALL": "C",  # the compiler's messages are parsed
}


def build_environment(given: Mapping[str, str], *, registry: bool) -> dict[str, str]:
    """``given`` without what changes a build; with ``registry``, PlatformIO's package folders are kept."""
    kept = _REGISTRY_FOLDERS if registry else frozenset()
    return {name: value for name, value in given.items() if name in kept or not _changes_build(name)} | _SET


def _changes_build(name: str) -> bool:
    return name.startswith(("PLATFORMIO_", "SCONS")) or name in _READ_BY_GCC


@cache
def platformio_version() -> str:
    """Of the installed package; read once, because every build needs it."""
    return version("platformio")


def made_by(*, registry: bool) -> str:
    """What turns the staged files into an image, as JSON: part of the build id.

    PlatformIO's registry platform chooses its compiler during the build, so only its name is known here.
    """
    tools = {"platformio": platformio_version()}
    if registry:
        return json.dumps({**tools, "platform": "ststm32"}) + "\n"
    gcc = find_gcc() or ""
    compiler = _compiler_line(gcc, *_size_and_time(gcc))
    return json.dumps({**tools, "platform": offline_core_id(), "compiler": compiler}) + "\n"


def _size_and_time(path: str) -> tuple[int, int]:
    try:
        status = os.stat(path)
    except OSError:
        return 0, 0
    return status.st_size, status.st_mtime_ns


@lru_cache(maxsize=4)
def _compiler_line(gcc: str, _size: int, _time_ns: int) -> str:
    """For example ``arm-none-eabi-gcc (15:12.2.rel1-1) 12.2.1 20221205``."""
    try:
        asked = run_group([gcc, "--version"], deadline_s=_VERSION_DEADLINE_S, with_errors=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _no_version(gcc, str(error)) from error
    if asked.code != 0:
        raise _no_version(gcc, f"it ends with {exit_text(asked.code)}")
    return asked.output.partition("\n")[0].strip()[:_VERSION_CHARACTERS]


def _no_version(gcc: str, why: str) -> MachineError:
    return MachineError(
        f"{gcc or 'the compiler'} did not report its version: {why}",
        remedy="`micronas doctor` checks the compiler; install it again",
    )
