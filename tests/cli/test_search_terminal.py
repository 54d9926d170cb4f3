"""A search in a terminal of 80 columns: before the first trial, meanwhile and after Ctrl-C."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.paths import REPOSITORY
from tests.support.terminal import COLUMNS, Terminal

SEARCH = (
    *("search", "mnist5k", "--board", "nucleo_f446re", "--device", "none", "--set", "data.name=digits"),
    *("--set", "workers=1", "--trials", "50"),
)


@pytest.mark.slow
def test_ctrl_c_leaves_the_table_the_best_and_the_way_on(tmp_path: Path) -> None:
    terminal = Terminal(
        [sys.executable, "-m", "tests.support.untrained_search", *SEARCH],
        tmp_path,
        {"PYTHONPATH": str(REPOSITORY), "SECONDS_PER_TRIAL": "1.5", "PYTHONUNBUFFERED": "1"},
    )
    first = terminal.wait_for(lambda screen: any("training the first network (" in line for line in screen))
    assert any("no trial yet" in line for line in first)
    terminal.wait_for(lambda screen: any(line.startswith("2      complete") for line in screen))
    terminal.interrupt()
    code, screen = terminal.end()
    assert code == 130
    assert "Traceback" not in "\n".join(screen)
    header = next(line for line in screen if line.startswith("trial  outcome"))
    assert header.endswith("reward")
    rows = [line for line in screen if " complete " in line]
    assert len(rows) >= 3
    for row in rows:
        float(row.split()[-1])  # the reward, whole
        assert len(row) <= COLUMNS
    assert sum("training the first network" in line for line in screen) == 0  # the panel was drawn in place
    at = next(i for i, line in enumerate(screen) if line.startswith("Stopped after"))
    assert "best so far: " in screen[at]
    assert "none yet" not in screen[at]
    assert screen[at + 1].endswith("search --resume runs/mnist5k-1")
    assert screen[at + 3].endswith("search --resume runs/mnist5k-1 --finish-now")
