"""Python and its packages, checked by metadata only: nothing is imported, especially not TensorFlow."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version

from micronas.cli.doctor.finding import Finding
from micronas.host.installation import install_command

Version = Callable[[str], str]
_OLDEST_PYTHON = (3, 11)
_SEARCHING = ("tensorflow", "pebble", "psutil", "threadpoolctl")
_NEEDED = (
    ("numpy", "everything"),
    ("platformio", "building"),
    ("scons", "building without PlatformIO's registry"),
    ("pyserial", "communicating with boards and emulators"),
    ("ai-edge-litert", "reading models"),
    *((name, "searching") for name in _SEARCHING),
)


def examine_python(installed: tuple[int, ...] = sys.version_info[:3]) -> Finding:
    """Check that this Python is new enough."""
    found = ".".join(map(str, installed))
    ok = installed >= _OLDEST_PYTHON
    return Finding("Python", ok, found, "" if ok else "use Python 3.11 or later")


def examine_packages(version_of: Version = version) -> list[Finding]:
    """Needed packages, then interpreters that only some uses need."""
    return [
        *(_package(*row, needed=True, version_of=version_of) for row in _NEEDED),
        *(_package(*row, needed=False, version_of=version_of) for row in _optional()),
        *_numpy_generation(version_of),
    ]


def _optional(
    python: tuple[int, ...] = sys.version_info[:2], system: str = sys.platform
) -> Iterator[tuple[str, str]]:
    """Those that the registry has for this Python and system."""
    if python < (3, 12) and system == "linux":
        yield "tflite-runtime", "a second witness of int8 files; ai-edge-litert replaces it"
    if system == "linux":
        yield "tflite-micro", "the tests, which compare every kernel with it"


def _package(name: str, what_for: str, *, needed: bool, version_of: Version) -> Finding:
    try:
        return Finding(name, True, version_of(name))
    except PackageNotFoundError:
        only = "" if needed else "only "
        detail = f"not installed; {only}needed for {what_for}"
        together = _SEARCHING if name in _SEARCHING else (name,)
        return Finding(name, not needed, detail, install_command(*together))


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
