"""Of a search for several boards: a table of all of them, and a section for each after the first."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from micronas.memory.ledger import Budget
from micronas.report.downloads import Download, board_downloads
from micronas.report.front import front_of
from micronas.report.pareto_charts import fronts
from micronas.report.run_data import RunData
from micronas.store import Record
from micronas.store.board_results import BoardResult


@dataclass(frozen=True)
class BoardRow:
    """A board in the table at the top: its name, alone and with its core, what was found for it, its
    limits, and the part of the page that shows it.
    """

    title: str
    text: str
    result: BoardResult
    limits: Budget | None
    anchor: str


@dataclass(frozen=True)
class BoardSection:
    """What the page shows of a board that is not the first."""

    title: str
    anchor: str
    result: BoardResult
    charts: list[str]
    front: list[Record]
    files: list[Download]


def anchor_of(board: BoardResult) -> str:
    """The name of the section of a board that is not the first."""
    return f"board-{board.name}"


def board_rows(run: RunData) -> list[BoardRow]:
    """Every board, the first one first; none of a search for one board."""
    shown = [(board, run.for_board(board)) for board in run.boards]
    return [
        BoardRow(own.board.title, own.board.text, board, own.limits, anchor_of(board) if place else "network")
        for place, (board, own) in enumerate(shown)
    ]


def board_sections(run: RunData, page: Path) -> list[BoardSection]:
    """Those after the first; ``page`` is the path from which the links to their files lead."""
    return [_section(run.for_board(board), board, page) for board in run.boards[1:]]


def _section(own: RunData, board: BoardResult, page: Path) -> BoardSection:
    return BoardSection(
        own.board.title,
        anchor_of(board),
        board,
        [chart for chart in fronts(own) if chart],
        front_of(board.records),
        board_downloads(board, page) if board.figures else [],
    )
