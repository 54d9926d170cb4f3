"""Python and its packages, by their metadata alone: nothing is imported, least of all TensorFlow."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

from micronas.cli.doctor.finding import Finding
from micronas.host.installation import install_command

Version = Callable[[str], str]
_OLDEST_PYTHON = (3, 11)
_NEEDED = (
    ("numpy", "everything"),
    ("platformio", "building"),
    ("scons", "building without PlatformIO's registry"),
    ("pyserial", "talking to boards and emulators"),
    ("ai-edge-litert", "reading models"),
    ("tensorflow", "searching"),
    ("pebble", "searching"),
    ("psutil", "searching"),
    ("threadpoolctl", "searching"),
)
_OPTIONAL = (
    ("tflite-runtime", "a second opinion on int8 accuracy (Python 3.11 on Linux has it)"),
    ("tflite-micro", "the tests, as the reference for every kernel"),
)


def examine_python(installed: tuple[int, ...] = sys.version_info[:3]) -> Finding:
    """Is this Python new enough."""
    found = ".".join(map(str, installed))
    ok = installed >= _OLDEST_PYTHON
    return Finding("Python", ok, found, "" if ok else "use Python 3.11 or later")


def examine_packages(version_of: Version = version) -> list[Finding]:
    """Needed packages, then interpreters that only some uses need."""
    return [
        *(_package(*row, needed=True, version_of=version_of) for row in _NEEDED),
        *(_package(*row, needed=False, version_of=version_of) for row in _OPTIONAL),
        *_numpy_generation(version_of),
    ]


def _package(name: str, what_for: str, *, needed: bool, version_of: Version) -> Finding:
    try:
        return Finding(name, True, version_of(name))
    except PackageNotFoundError:
        only = "" if needed else "only "
        detail = f"not installed; {only}needed for {what_for}"
        return Finding(name, not needed, detail, install_command(name))


def _numpy_generation(version_of: Version) -> list[Finding]:
    """tflite-runtime was compiled for NumPy 1 and crashes on import with NumPy 2."""
    try:
        numpy, runtime = version_of("numpy"), version_of("tflite-runtime")
    except PackageNotFoundError:
        return []
    if int(numpy.split(".")[0]) < 2:
        return []
    detail = f"tflite-runtime {runtime} is built for NumPy 1, NumPy {numpy} is installed"
    return [Finding("tflite-runtime with NumPy", False, detail, install_command("numpy<2"))]
