"""Compiles the firmware's C for the host, with warnings as errors and sanitizers."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

COMPILERS = ("gcc", "clang")
_LANGUAGE = ("-std=c99", "-Wpedantic", "-Wall", "-Wextra", "-Werror")
_ARITHMETIC = ("-Wconversion", "-Wsign-conversion", "-Wshadow", "-Wundef", "-Wvla")
_POINTERS = ("-Wcast-align", "-Wcast-qual", "-Wpointer-arith", "-Wwrite-strings")
_PROTOTYPES = ("-Wstrict-prototypes", "-Wmissing-prototypes")
WARNINGS = (*_LANGUAGE, *_ARITHMETIC, *_POINTERS, *_PROTOTYPES)
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", "-O1")


def build_program(compiler: str, sources: list[Path], includes: list[Path], program: Path) -> Path:
    """Compile and link ``sources``; skips the test when the compiler is not there."""
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not on PATH")
    flags = [*WARNINGS, *SANITIZERS, *(f"-I{folder}" for folder in includes)]
    command = [compiler, *flags, *map(str, sources), "-o", str(program)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    return program
