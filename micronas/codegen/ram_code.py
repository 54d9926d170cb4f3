"""The kernels of a network that run from RAM, as input sections for the linker."""

from __future__ import annotations

from collections.abc import Iterable

RAM_CODE_FILE = "mn_ram_code.ld"
"""Beside the network's C: a part of the linker script, which the firmware's build inserts."""


def input_sections(units: Iterable[str]) -> str:
    """Lines of a linker script for units like ``.text.mn_add_s8 mn_add_s8.o`` (section, object)."""
    pairs = (unit.split(" ") for unit in sorted(units))
    return "\n".join(f"        *{name}({section})" for section, name in pairs)
