"""The table of ``benchmarks/search``: means over seeds, and the cells that are missing by name."""

from __future__ import annotations

from benchmarks.search.cells import Cell, cells
from benchmarks.search.table import markdown


def test_missing_cells_are_named_and_figures_say_how_many_seeds_they_have() -> None:
    found = {
        Cell("photos", "default", 0): {"test": 0.70, "cpu_s": 118.0},
        Cell("photos", "default", 2): {"test": 0.74, "cpu_s": 122.0},
    }
    text = markdown(found)
    assert "| default | missing | 0.720 +- 0.028 (2 of 3 seeds, 120 CPU s) | missing |" in text
    count = len([*cells()])
    assert f"Missing, {count - 2} of {count} cells: " in text
    assert "photos-default-1" in text
    assert "photos-default-2" not in text


def test_a_complete_table_names_nothing() -> None:
    assert "Missing" not in markdown({cell: {"test": 0.5, "cpu_s": 1.0} for cell in cells()})
