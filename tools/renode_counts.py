"""The counts of benchmarks/renode/counts.csv: what Renode counted on which board."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

COUNTS = Path(__file__).resolve().parent.parent / "benchmarks" / "renode" / "counts.csv"


@dataclass(frozen=True)
class Count:
    """One network on one board. ``qemu_instructions`` is None if QEMU was not run."""

    board: str
    model: str
    renode_instructions: int
    qemu_instructions: int | None
    mismatches: int
    output_elements: int
    renode: str


def read_counts(path: Path = COUNTS) -> list[Count]:
    """Every line, in order."""
    with path.open(encoding="utf-8", newline="") as file:
        return [_count(row) for row in csv.DictReader(file)]


def write_counts(counts: Iterable[Count], path: Path = COUNTS) -> None:
    """Replace the file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Count)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(count) for count in counts)


def cell(counts: Iterable[Count]) -> str:
    """The text for one board in the table of docs/reference/boards.md."""
    said = [
        f"{count.model}: {count.renode_instructions:,} instructions, {count.mismatches} of "
        f"{count.output_elements:,} outputs differ"
        for count in counts
    ]
    return "; ".join(said) or "not run"


def _count(row: dict[str, str]) -> Count:
    qemu = row["qemu_instructions"]
    return Count(
        row["board"],
        row["model"],
        int(row["renode_instructions"]),
        int(qemu) if qemu else None,
        int(row["mismatches"]),
        int(row["output_elements"]),
        row["renode"],
    )
