"""Writes the table of docs/reference/boards.md from the profiles and Renode's counts.

    python tools/write_boards_page.py

Run it after any change in boards/ or in benchmarks/renode/counts.csv. A test compares the page with the
output of this tool.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from renode_counts import cell, read_counts

from micronas.board import board_names, load_board
from micronas.cli.boards import HEADER, row

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "boards.md"
BEGIN, END = "<!-- table: tools/write_boards_page.py -->\n", "<!-- end of table -->\n"


def table() -> str:
    """The Markdown table of all shipped boards."""
    header = (*HEADER[:3], "published at", *HEADER[3:6], "compiled", HEADER[6], "Renode", HEADER[7])
    counts = read_counts()
    lines = [header, tuple("---" for _ in header)]
    for name in board_names():
        board = load_board(name)
        cells = row(board)
        renode = cell(count for count in counts if count.board == name)
        published = f"{board.published.clock_hz / 1e6:g}" if board.published else "none known"
        lines.append((*cells[:3], published, *cells[3:6], "yes", cells[6], renode, cells[7]))
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def page(text: str) -> str:
    """``text`` with its table replaced."""
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    return before + BEGIN + table() + END + after


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
