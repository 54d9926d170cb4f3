"""Machine and package versions on which the weights of a training depend."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import micronas

PACKAGES = ("tensorflow", "keras", "numpy", "ai-edge-litert")
"""Those that compute a training, its conversion and its figures."""


def environment() -> dict[str, str]:
    """Names and versions; a package that is not installed has none. Imports nothing heavy."""
    found = {
        "micronas": micronas.__version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
    }
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def differences(then: dict[str, str], now: dict[str, str]) -> list[str]:
    """``tensorflow 2.20.0, now 2.21.0`` for each that differs."""
    names = [name for name in {**then, **now} if then.get(name) != now.get(name)]
    return [f"{name} {then.get(name, 'unknown')}, now {now.get(name, 'not installed')}" for name in names]


def _processor() -> str:
    """The model's name, because vector units change the order of sums."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"
