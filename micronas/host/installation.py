"""The Python packages that a stage needs: those that are missing, and the command that installs them."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path


def install_command(*packages: str) -> str:
    """``pip install 'tensorflow<2.22,>=2.21'``: ``packages`` in the versions that micronas requires.

    It names the packages, so that it works for every kind of installation of micronas.
    """
    wanted = _requirements()
    specs = [shlex.quote(wanted.get(_canonical(name), name)) for name in packages]
    return f"{_pip()} install {' '.join(specs)}"


def _requirements() -> dict[str, str]:
    """Package -> requirement as pip takes it, of every extra, markers left out."""
    try:
        lines = requires("micronas") or []
    except PackageNotFoundError:  # run from its sources alone
        return {}
    specs = [line.partition(";")[0].strip() for line in lines]
    return {_canonical(re.split(r"[^\w.-]", spec, maxsplit=1)[0]): spec for spec in specs}


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _pip() -> str:
    """``pip`` if the pip on PATH belongs to this Python, otherwise ``PYTHON -m pip``."""
    found = shutil.which("pip")
    if found and Path(found).parent == Path(sys.executable).parent:
        return "pip"
    return f"{shlex.quote(sys.executable)} -m pip"
