"""Check that the data files of micronas are complete."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, PackagePath, files
from pathlib import Path

from micronas.cli.doctor.finding import Finding
from micronas.errors import InstallError
from micronas.host.resources import RESOURCES, resource

_WHAT = "package data"
_SHOWN = 3
_REMEDY = "install micronas again with pip's --force-reinstall, or check the sources out again"


def examine_data() -> Finding:
    """Boards, firmware sources, example configurations and the licence; in a wheel, every recorded file."""
    try:
        places = [resource(name) for name in RESOURCES]
    except InstallError as error:
        return Finding(_WHAT, False, error.message, error.remedy or "")
    missing = [path for path in _recorded() if not Path(str(path.locate())).is_file()]
    if missing:
        names = ", ".join(map(str, missing[:_SHOWN])) + (", ..." if len(missing) > _SHOWN else "")
        return Finding(_WHAT, False, f"{len(missing)} files are missing: {names}", _REMEDY)
    return Finding(_WHAT, True, f"complete, in {places[0].parent}")


def _recorded() -> list[PackagePath]:
    """The installer's record of this package; empty for sources that are not installed."""
    try:
        known = files("micronas") or []
    except PackageNotFoundError:
        return []
    return [path for path in known if path.parts[0] == "micronas" and path.suffix != ".pyc"]
