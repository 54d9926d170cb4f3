"""Rows as CSV, JSON and Parquet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

from micronas.errors import ToolMissingError
from micronas.host.installation import install_command
from micronas.report.results.rows import Row


def csv_bytes(rows: Sequence[Row]) -> bytes:
    """A header and a line per trial; empty where there is no value."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]) if rows else [])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8", "backslashreplace")


def json_bytes(run: str, rows: Sequence[Row]) -> bytes:
    """``{"run": ..., "trials": [...]}``."""
    return (json.dumps({"run": run, "trials": list(rows)}, indent=2) + "\n").encode()


def write_parquet(rows: Sequence[Row], path: Path) -> None:
    """A table with typed columns; raises ``ToolMissingError`` without pandas and pyarrow."""
    try:
        import pandas
        import pyarrow  # noqa: F401 - pandas writes Parquet with it
    except ImportError as error:
        raise ToolMissingError(
            f"Parquet needs pandas and pyarrow: {error}", remedy=install_command("pandas", "pyarrow")
        ) from error
    frame = pandas.DataFrame(list(rows))
    for name in frame.columns:
        if len({type(value) for value in frame[name] if value is not None}) > 1:
            frame[name] = frame[name].map(lambda value: None if value is None else str(value))
    frame.convert_dtypes().to_parquet(path, engine="pyarrow", index=False)
