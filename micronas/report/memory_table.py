"""Predicted = linked = reported: the bytes of the reported network in each memory."""

from __future__ import annotations

from dataclasses import dataclass

from micronas.trial import Json, number_of, object_at


@dataclass(frozen=True)
class MemoryRow:
    """Bytes of one memory by the ledger, the ELF file and the running firmware; None where not known."""

    name: str
    predicted: int | None
    linked: int | None
    reported: int | None
    size: int | None

    @property
    def verdict(self) -> str:
        """``equal``, or by how many bytes the linked or reported figure is off."""
        known = [value for value in (self.predicted, self.linked, self.reported) if value is not None]
        if len(known) < 2:
            return "not built"
        differences = [value - known[0] for value in known[1:] if value != known[0]]
        return ", ".join(f"{difference:+,} bytes".replace("-", "−") for difference in differences) or "equal"

    @property
    def used(self) -> float | None:
        """Share of the memory, 0..1."""
        bytes_used = self.linked if self.linked is not None else self.predicted
        return None if bytes_used is None or not self.size else bytes_used / self.size


def memory_table(deployment: dict[str, Json]) -> list[MemoryRow]:
    """A row per memory region in use, one for the constants and one for all SRAM; none without a build.

    The firmware reports its SRAM as one sum.
    """
    regions = object_at(deployment, "regions")
    rows = [row for name in regions if (row := _row(name, object_at(regions, name))).linked or row.predicted]
    if not rows:
        return []
    constants = object_at(deployment, "flash", "constants")
    return [*rows, _row("constants (in flash)", constants), _row("all SRAM", object_at(deployment, "sram"))]


def _row(name: str, figures: dict[str, Json]) -> MemoryRow:
    values = (number_of(figures.get(key)) for key in ("predicted", "linked", "reported", "size"))
    return MemoryRow(name, *(None if value is None else int(value) for value in values))
