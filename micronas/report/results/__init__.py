"""Trials of a run for other tools: rows of plain values, and the files and storages that hold them."""

from micronas.report.results.rows import Row, rows_of, rows_of_boards

__all__ = ["Row", "rows_of", "rows_of_boards"]
