"""One row per trial: its figures under the keys of trials.csv, and its genes by their paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from micronas.report.genes import flat_genes
from micronas.store import Record
from micronas.store.columns import COLUMNS
from micronas.trial import Json

GENE = "gene."
"""What the keys of genes begin with, so that none is taken for a figure."""

Row: TypeAlias = dict[str, Json]


def rows_of(records: Sequence[Record]) -> list[Row]:
    """Every trial with the same keys; None where it has no such figure or gene."""
    genes = [flat_genes(record.trial.arch) for record in records]
    names = sorted({name for found in genes for name in found}, key=_natural)
    return [
        {column.key: column.value(record.trial) for column in COLUMNS}
        | {GENE + name: found.get(name) for name in names}
        for record, found in zip(records, genes, strict=True)
    ]


def rows_of_boards(boards: Mapping[str, Sequence[Record]]) -> list[Row]:
    """The rows of every board, one board after the other, each row with its ``board``."""
    return [{"board": name, **row} for name, records in boards.items() for row in rows_of(records)]


def _natural(name: str) -> list[tuple[int, str]]:
    """``blocks.2`` before ``blocks.10``."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in name.split(".")]
