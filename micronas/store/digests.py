"""SHA-256 of each stored model, so that a damaged one is refused instead of delivered with another's figures.

SQLite checks the structure of its file, not the content of a page. Runs of earlier versions have no digests;
their models are read unchecked.
"""

from __future__ import annotations

import hashlib
import sqlite3

from micronas.errors import StoreError
from micronas.store.database import Database
from micronas.store.record import text_of
from micronas.store.run_file import DIGESTS

FINAL = "the result"


def trial_name(number: int) -> str:
    """The name under which the digest of a trial's model is stored."""
    return f"trial {number}"


def add_digest(cursor: sqlite3.Cursor, model: str, tflite: bytes) -> None:
    """Store the digest of ``tflite``; part of the transaction that stores the model."""
    cursor.execute(DIGESTS)  # a run of an earlier version may be resumed
    cursor.execute("INSERT OR REPLACE INTO digests VALUES (?, ?)", (model, _sha256(tflite)))


def checked(database: Database, model: str, tflite: bytes) -> bytes:
    """``tflite`` if its digest is the stored one, or if none is stored; otherwise raises ``StoreError``."""
    folder, stored = database.folder, _stored(database, model)
    if stored is None or _sha256(tflite) == stored:
        return tflite
    raise StoreError(
        f"{folder}: the stored network of {model} is damaged: its SHA-256 is {_sha256(tflite)[:16]}..., "
        f"but {stored[:16]}... was stored",
        remedy=f"its figures are intact: `micronas show {folder}` lists the trials, and `micronas pick "
        f"{folder} N` trains another one; check this disk",
    )


def _stored(database: Database, model: str) -> str | None:
    known = database.row("SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'digests'")
    row = database.row("SELECT sha256 FROM digests WHERE model = ?", model) if known else None
    return text_of(row[0]) if row else None


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
