"""All checks of this machine: each is OK or has a remedy."""

from __future__ import annotations

from collections.abc import Callable

from micronas.cli.doctor.data import examine_data
from micronas.cli.doctor.finding import Finding
from micronas.cli.doctor.hardware import examine_hardware
from micronas.cli.doctor.packages import examine_packages, examine_python
from micronas.cli.doctor.tools import examine_tools
from micronas.errors import InstallError


def examine() -> list[Finding]:
    """All findings, in the order of the pipeline."""
    return [
        examine_python(),
        examine_data(),
        *examine_packages(),
        *_with_data(examine_tools),
        *_with_data(examine_hardware),
    ]


def _with_data(part: Callable[[], list[Finding]]) -> list[Finding]:
    """Empty if ``part`` needs missing data, which ``examine_data`` reports."""
    try:
        return part()
    except InstallError:
        return []
