"""An exported library, compiled for the host with warnings as errors, under its own test."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.support.host_c import SANITIZERS, WARNINGS
from tests.support.written_files import written


def sources(folder: Path, pattern: str) -> list[str]:
    return sorted(str(p) for p in folder.glob(pattern))


def passes_its_host_test(compiler: str, files: Mapping[str, str], folder: Path) -> None:
    written(files, folder)
    program = folder / "run"
    command = [
        compiler,
        *WARNINGS,
        "-Wpedantic",
        *SANITIZERS,
        "-O1",
        f"-I{folder / 'src'}",
        "-o",
        program,
    ]
    built = subprocess.run(
        [*command, *sources(folder, "src/*.c"), *sources(folder, "test/*.c")],
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr[:3000]
    ran = subprocess.run([program], capture_output=True, text=True, timeout=120)
    assert (ran.returncode, ran.stdout) == (0, "0 of 3 samples differ\n"), folder
