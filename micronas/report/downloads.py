"""Files that the page offers: inside it, so that they travel with it; large ones as links beside it."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from micronas.codegen import generate
from micronas.deploy.companions import front_end_beside
from micronas.deploy.library import library_files, outputs_of
from micronas.errors import MicronasError
from micronas.report.results.files import csv_bytes
from micronas.report.results.rows import rows_of_boards
from micronas.report.run_data import RunData
from micronas.store.board_results import BoardResult
from micronas.store.columns import csv_text

EMBEDDED_BYTES = 1_000_000
"""A larger file is a link: it would make the page slow to open."""
LIBRARY = "c_library.zip"
_BESIDE = ("model.keras", "firmware.elf")
_BINARY = "application/octet-stream"


@dataclass(frozen=True)
class Download:
    """A file: its name, bytes, and a data URI or a path from the page's folder."""

    name: str
    size: int
    href: str

    @property
    def is_inside(self) -> bool:
        """Whether the page holds it."""
        return self.href.startswith("data:")


@dataclass(frozen=True)
class Downloads:
    """Files of a page, and ``missing``: a sentence for each that could not be made."""

    files: tuple[Download, ...]
    missing: tuple[str, ...] = ()


def downloads(run: RunData, page: Path) -> Downloads:
    """Every file of a run, before its result only the trials. ``page`` is where the page will be.

    The trials of a search for several boards have a row for each board, as ``export-results`` writes them.
    """
    by_board = {board.name: board.records for board in run.boards}
    table = csv_bytes(rows_of_boards(by_board)) if by_board else csv_text(run.records).encode()
    files = [_inside("trials.csv", table, "text/csv")]
    if run.final is None:
        return Downloads(tuple(files))  # what is in best/ may be half written
    missing: tuple[str, ...] = ()
    if run.best is not None:
        files.append(_inside("model.tflite", run.final.tflite, _BINARY))
        sources = generate(run.best.graph, run.best.lowered, run.best.plan, name="best")
        files += [_inside(name, text.encode(), "text/x-c") for name, text in sources.items()]
        try:
            files.append(_library(run))
        except MicronasError as error:
            missing = (f"{LIBRARY} is not here: {error.message}",)
    files += [file for name in _BESIDE if (file := beside(run.folder / "best" / name, page))]
    return Downloads(tuple(files), missing)


def board_downloads(board: BoardResult, page: Path) -> list[Download]:
    """The files of the winner of one board of several, under names that say the board."""
    found = (beside(board.folder / name, page) for name in ("model.tflite", *_BESIDE))
    return [replace(file, name=f"{board.name}_{file.name}") for file in found if file is not None]


def _library(run: RunData) -> Download:
    """The network as a C99 library, with its front end; raises as ``micronas export`` does."""
    assert run.best is not None, "asked only for a run with a result"
    assert run.final is not None, "likewise"
    graph, model = run.best.graph, run.folder / "best" / "model.tflite"
    files = library_files(
        graph,
        name="model",
        labels=run.class_names if len(run.class_names) == outputs_of(graph) else (),
        front_end=front_end_beside(model),
        sha256=hashlib.sha256(run.final.tflite).hexdigest(),
    )
    return _inside(LIBRARY, _zipped(files), "application/zip")


def _zipped(files: Mapping[str, str]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(f"model/{name}"), text, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def beside(path: Path, page: Path) -> Download | None:
    """A file of the run: inside the page if it is small, otherwise a link; None if it does not exist."""
    if not path.is_file():
        return None
    if path.stat().st_size <= EMBEDDED_BYTES:
        return _inside(path.name, path.read_bytes(), _BINARY)
    relative = Path(os.path.relpath(path.resolve(), page.resolve().parent)).as_posix()
    return Download(path.name, path.stat().st_size, quote(relative))


def _inside(name: str, data: bytes, kind: str) -> Download:
    return Download(name, len(data), f"data:{kind};base64,{base64.b64encode(data).decode()}")
