"""Writes the table of docs/reference/boards.md anew from the profiles: run it after any change in boards/.

    python tools/write_boards_page.py

A test compares the page with what this would write.
"""

from __future__ import annotations

from pathlib import Path

from micronas.board import board_names, load_board
from micronas.cli.boards import HEADER, row

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "boards.md"
BEGIN, END = "<!-- table: tools/write_boards_page.py -->\n", "<!-- end of table -->\n"


def table() -> str:
    """The Markdown table of all shipped boards."""
    header = (*HEADER[:3], "published at", *HEADER[3:6], "compiled", HEADER[6], "Renode", HEADER[7])
    lines = [header, tuple("---" for _ in header)]
    for name in board_names():
        board = load_board(name)
        cells = row(board)
        published = f"{board.published.clock_hz / 1e6:g}" if board.published else "none known"
        lines.append((*cells[:3], published, *cells[3:6], "yes", cells[6], "not run here", cells[7]))
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def page(text: str) -> str:
    """``text`` with its table replaced."""
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    return before + BEGIN + table() + END + after


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
