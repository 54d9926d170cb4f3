"""The file of a run: its path, its tables and its format.

The format number covers all that is stored, not only the tables. It goes up when a run of an older version
can no longer be resumed. Format 1 had one ``arena_region`` in a board profile, format 2 has
``arena_regions``. Format 3 renamed ``accuracy_*`` to ``quality_int8`` and ``quality_float``, even where it
was an AUC, and the configuration's ``budgets`` to ``constraints``; ``run_format`` reads the older names.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sqlite3
from pathlib import Path

from micronas.errors import StoreError
from micronas.host.durable import replace_durably
from micronas.trial import Json

DATABASE = "run.sqlite"
WEIGHTS = "weights"
"""The folder of the float weights, one file for each trial."""
_OUTSIDE = ("best/model.tflite", "result.json", "report.html", "config.yaml")
SCHEMA_VERSION = 3
READABLE_VERSIONS = (1, 2, 3)
"""Formats that can be read; only runs in ``SCHEMA_VERSION`` can be resumed."""

SCHEMA = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE trials (
    number INTEGER PRIMARY KEY, key TEXT NOT NULL, arch TEXT NOT NULL, outcome TEXT NOT NULL,
    stage TEXT NOT NULL, reason TEXT NOT NULL, origin TEXT NOT NULL, scores TEXT, details TEXT NOT NULL,
    rejected INTEGER NOT NULL, finished_s REAL NOT NULL) STRICT;
CREATE TABLE models (number INTEGER PRIMARY KEY REFERENCES trials, tflite BLOB NOT NULL) STRICT;
CREATE TABLE sessions (id INTEGER PRIMARY KEY, started_at TEXT NOT NULL, wall_s REAL NOT NULL) STRICT;
CREATE TABLE unsealings (id INTEGER PRIMARY KEY, at TEXT NOT NULL, reason TEXT NOT NULL) STRICT;
CREATE TABLE final (id INTEGER PRIMARY KEY CHECK (id = 1), result TEXT NOT NULL, tflite BLOB NOT NULL) STRICT;
"""
"""The tables of a new run, besides that of the digests."""
DIGESTS = "CREATE TABLE IF NOT EXISTS digests (model TEXT PRIMARY KEY, sha256 TEXT NOT NULL) STRICT"
"""Its own statement, since a run that an earlier version began gets this table with its next model."""

_REMEDIES = (
    (
        ("disk is full", os.strerror(errno.ENOSPC), os.strerror(errno.EDQUOT)),
        "free disk space, then repeat the command or resume the search",
    ),
    (
        ("disk I/O error", os.strerror(errno.EFBIG), os.strerror(errno.EIO)),
        "raise the limit on file sizes if there is one (ulimit -f), or see the system's log for errors of "
        "the disk; then repeat the command or resume the search",
    ),
    (
        (
            *("readonly database", "unable to open"),
            *(os.strerror(code) for code in (errno.EROFS, errno.EACCES, errno.EPERM)),
        ),
        "make this folder and its files writable, then repeat the command or resume the search",
    ),
    (("is locked",), "another process uses it: wait until that ends, then repeat the command"),
)
"""Parts of messages of a machine's fault -> what to do."""

NEW = ".new"
"""Suffix of a store that is being created."""


def write_new(path: Path, facts: dict[str, Json]) -> None:
    """Create the tables under a temporary name first, so that a run exists completely or not at all."""
    draft = path.with_suffix(NEW)
    for left in (draft, draft.with_name(f"{draft.name}-journal")):  # of a search that was killed here
        left.unlink(missing_ok=True)
    try:
        with contextlib.closing(sqlite3.connect(draft)) as connection, connection:
            connection.executescript(SCHEMA)
            connection.execute(DIGESTS)
            rows = [(name, json.dumps(value)) for name, value in facts.items()]
            connection.executemany("INSERT INTO facts VALUES (?, ?)", rows)
    except sqlite3.Error as error:
        draft.unlink(missing_ok=True)
        raise damaged(path.parent, str(error)) from error
    replace_durably(draft, path)


def require(folder: Path) -> None:
    """Raise ``StoreError`` unless ``folder`` holds a run; the remedy lists the runs in the same place."""
    if not (folder / DATABASE).is_file():
        there = sorted(p.parent.name for p in folder.parent.glob(f"*/{DATABASE}"))
        hint = f"runs in {folder.parent}: {', '.join(there)}" if there else f"no runs in {folder.parent} yet"
        if (folder / DATABASE).with_suffix(NEW).is_file():
            hint = "it was stopped before it began: start the search again, under the same name if you like"
        elif any((folder / name).exists() for name in (*_OUTSIDE, WEIGHTS)):
            raise StoreError(
                f"{folder}: its {DATABASE} is missing, which holds the trials",
                remedy=f"put it back, or start a new run{_still_there(folder)}",
            )
        raise StoreError(f"{folder} is not a run", remedy=hint)


def damaged(folder: Path, what: str, name: str = DATABASE) -> StoreError:
    """The error for the file ``name`` that SQLite or the system refuses, with its message in one line."""
    said = next((line for line in what.splitlines() if line.strip() and "***" not in line), what)
    return StoreError(f"{folder / name}: {said}", remedy=_remedy(folder, said))


def _remedy(folder: Path, said: str) -> str:
    """What to do about SQLite's or the system's message: few of them mean that the file is damaged."""
    for words, remedy in _REMEDIES:
        if any(word in said for word in words):
            return f"{remedy}; the trials in it are kept"
    return f"the file is damaged and cannot be resumed: start a new run{_still_there(folder)}"


def _still_there(folder: Path) -> str:
    """The files of a finished run are outside of its database."""
    kept = [str(folder / name) for name in _OUTSIDE if (folder / name).is_file()]
    return f"; undamaged by this: {', '.join(kept)}" if kept else ""
