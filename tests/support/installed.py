"""The wheel and the sdist as a user gets them, installed apart from the checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from tests.support.paths import REPOSITORY

_LEFT_OUT = (
    "tests",
    "benchmarks",
    "docs",
    ".venv",
    ".git",
    "runs",
    "build",
    ".cache",
    "*.egg-info",
    "__pycache__",
)


def build_distributions(folder: Path) -> tuple[Path, Path]:
    """Build sdist and wheel, the wheel from the sdist, of a copy of the checkout; opens no network."""
    source = folder / "source"
    shutil.copytree(REPOSITORY, source, ignore=shutil.ignore_patterns(*_LEFT_OUT, ".*_cache", ".hypothesis"))
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder / "dist"), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=clean_environment())
    assert done.returncode == 0, done.stdout + done.stderr
    (sdist,), (wheel,) = (folder / "dist").glob("*.tar.gz"), (folder / "dist").glob("*.whl")
    return sdist, wheel


def clean_environment(**changes: str) -> dict[str, str]:
    """This process's environment without what would lead Python to the checkout."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MICRONAS_"))}
    return kept | changes


def layered_environment(folder: Path, package: Path | str) -> Path:
    """A virtual environment with micronas from ``package`` (what pip takes) alone; returns its Python.

    Everything else is the environment that runs the tests. Its folder is named in a ``.pth`` file, which does
    not read the ``.pth`` files in there: so an editable install of the checkout stays unknown.
    """
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    (site,) = folder.glob("lib/python3*/site-packages")
    others = [path for path in sys.path if path.endswith("site-packages")]
    (site / "test_environment.pth").write_text("\n".join(others) + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps"]
    command += ["--no-index", "--no-build-isolation", "--ignore-installed", str(package)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=clean_environment())
    assert done.returncode == 0, done.stdout + done.stderr
    return python


def fresh_environment(folder: Path, requirement: str) -> Path:
    """An empty virtual environment with ``requirement`` and all that it needs; returns its Python.

    Asks the package registry. ``MICRONAS_TEST_PYTHON`` is another Python to install it for.
    """
    base = os.environ.get("MICRONAS_TEST_PYTHON", sys.executable)
    subprocess.run([base, "-m", "venv", str(folder)], check=True, timeout=300, env=clean_environment())
    python = folder / "bin" / "python"
    command = [str(python), "-m", "pip", "install", "--quiet", requirement]
    done = subprocess.run(command, capture_output=True, text=True, timeout=2400, env=clean_environment())
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return python


def site_packages(python: Path) -> Path:
    """Where the environment of ``python`` keeps its packages."""
    (site,) = python.parents[1].glob("lib/python3*/site-packages")
    return site
