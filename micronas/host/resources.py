"""The data that micronas ships with its code: boards, firmware sources, example configurations, licence.

In a checkout, and in an editable install of one, they are the top-level folders. A built package holds a copy
below ``micronas/_data`` (``setup.py`` puts it there). Only this module distinguishes the two.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from micronas.errors import InstallError

Resource = Literal["boards", "firmware", "search_configs", "LICENSE"]

RESOURCES: tuple[Resource, ...] = ("boards", "firmware", "search_configs", "LICENSE")

_PACKAGE = Path(__file__).resolve().parent.parent


def is_installed(path: Path) -> bool:
    """Whether ``path`` is among the data of a built package, where nothing should be changed."""
    return path.resolve().is_relative_to(_PACKAGE / "_data")


def resource(name: Resource, package: Path = _PACKAGE) -> Path:
    """The folder or file ``name``; raises ``InstallError`` if neither package nor checkout has it."""
    for root in (package / "_data", package.parent):
        path = root / name
        if path.is_file() or (path.is_dir() and any(path.iterdir())):
            return path
    raise InstallError(
        f"{name} of micronas is missing: it is neither in {package / '_data'} nor in {package.parent}",
        remedy="reinstall micronas: `pip install --force-reinstall --no-deps` of the same wheel or checkout",
    )
