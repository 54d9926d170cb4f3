"""The report: one self-contained HTML page of a run, finished or not.

The charts are SVG generated here and the script is a page of JavaScript: no library, nothing from a network.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from jinja2 import UndefinedError

from micronas.report.page import Live, render
from micronas.report.picture import picture
from micronas.report.run_data import read_run
from micronas.store import Store

__all__ = ["has_report", "page_text", "write_picture", "write_report"]


def write_report(store: Store, out: Path | None = None) -> Path:
    """Write the page of ``store`` to ``out`` (default: report.html in the run folder) and return its path."""
    path = out or store.folder / "report.html"
    text = page_text(store, path)
    # A page that is open in a browser is replaced atomically.
    with tempfile.NamedTemporaryFile(
        "w", dir=path.parent, suffix=".html", delete=False, encoding="utf-8", errors="backslashreplace"
    ) as file:
        try:
            file.write(text)
            file.flush()
            os.chmod(file.name, 0o644)
            os.replace(file.name, path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)  # no partial file is left on a full disk
            raise
    return path


def has_report(folder: Path) -> bool:
    """Whether the run in ``folder`` has its page."""
    path = folder / "report.html"
    return path.is_file() and path.stat().st_size > 0


def write_picture(store: Store, out: Path) -> Path:
    """Write accuracy against latency (flash if nothing ran) as a standalone SVG file."""
    out.write_text(picture(read_run(store)), encoding="utf-8", errors="backslashreplace")
    return out


def page_text(store: Store, path: Path, live: Live | None = None) -> str:
    """The page as it would be at ``path``; a ``live`` one reloads itself."""
    run = read_run(store)
    try:
        return render(run, path, live)
    except (UndefinedError, TypeError, KeyError, AttributeError) as error:
        if not run.not_resumable:
            raise  # a run of this version that cannot be shown is a bug
        raise store.unreadable("result", str(error)) from error
