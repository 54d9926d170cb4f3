"""The committed pages, written from results.json, have the figures of results.md, written from the runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.compare.pages import HERE, results_of
from micronas.compare.table import HEADER, rows

FOLDERS = sorted(path.parent for path in HERE.glob("*/results.json"))
_NAMES = len(("entry", "hypervolume", "best reward", "validation, int8", "test, int8", "trials"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_page_has_the_figures_of_the_runs(folder: Path) -> None:
    results = results_of(json.loads((folder / "results.json").read_text(encoding="utf-8")))
    lines = (folder / "results.md").read_text(encoding="utf-8").splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith(f"| {HEADER[0]} |"))
    table = [line.strip("| ").split(" | ") for line in lines[at + 2 :]]
    expected = table[: len(results.rows)]
    assert [list(cells[:_NAMES]) for cells in rows(results)] == [cells[:_NAMES] for cells in expected]
    page = (folder / "results.html").read_text(encoding="utf-8")
    assert all(cell in page for cells in expected for cell in cells[:_NAMES])
    assert 'id="tip"' in page, "the page of this version"
