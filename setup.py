"""Copies what micronas ships beside its code into the built package, below ``micronas/_data``.

Everything else of the build is in pyproject.toml. An editable install copies nothing: there
``micronas/host/resources.py`` finds the folders of the checkout.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).resolve().parent
SHIPPED = ("boards", "firmware", "search_configs", "LICENSE")
NOT_SHIPPED = {"__pycache__", ".pio", "platformio.local.ini"}
"""What a build or a run leaves in these folders."""


class BuildWithData(build_py):
    """Builds the package, then adds its data."""

    def run(self) -> None:
        """Build, then copy."""
        super().run()
        if not self.editable_mode:
            for source, target in self._shipped():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """Every file that the wheel gets."""
        copied = [] if self.editable_mode else [str(target) for _, target in self._shipped()]
        return [*super().get_outputs(include_bytecode), *copied]

    def _shipped(self) -> list[tuple[Path, Path]]:
        """From -> to, of every file."""
        data = Path(self.build_lib) / "micronas" / "_data"
        return [(path, data / path.relative_to(HERE)) for name in SHIPPED for path in _files(HERE / name)]


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    found = [p for p in sorted(path.rglob("*")) if p.is_file() and not NOT_SHIPPED & set(p.parts)]
    if not found:
        raise SystemExit(f"{path}: nothing to ship there; build from a checkout or an sdist")
    return found


setup(cmdclass={"build_py": BuildWithData})
