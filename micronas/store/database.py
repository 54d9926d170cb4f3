"""Queries and transactions on the SQLite file of a run. Each fault of SQLite is raised as a ``StoreError``.

Write-ahead logging with ``synchronous=FULL`` means that a transaction is either completely on disk or not at
all, even if the process is killed.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from micronas.errors import StoreError
from micronas.store.record import Row
from micronas.store.run_file import DATABASE, damaged

DAMAGE = (sqlite3.Error, UnicodeDecodeError)
"""What reading a damaged file raises: a message of SQLite may quote bytes of it that are not UTF-8."""


class Database:
    """The open database of the run in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.connection = _connect(folder / DATABASE)

    def close(self) -> None:
        """Calling it twice is safe."""
        self.connection.close()

    def rows(self, query: str, *values: object) -> list[Row]:
        """Every row that ``query`` finds."""
        try:
            return self.connection.execute(query, values).fetchall()
        except DAMAGE as error:
            raise damaged(self.folder, str(error)) from error

    def row(self, query: str, *values: object) -> Row | None:
        """The first row that ``query`` finds."""
        rows = self.rows(query, *values)
        return rows[0] if rows else None

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Cursor]:
        """Commit at the end of the block, or roll back if it raises."""
        try:
            with contextlib.closing(self.connection.cursor()) as cursor:
                cursor.execute("BEGIN IMMEDIATE")
                try:
                    yield cursor
                except BaseException:
                    with contextlib.suppress(sqlite3.Error):  # a full disk may have rolled it back
                        cursor.execute("ROLLBACK")
                    raise
                cursor.execute("COMMIT")
        except sqlite3.Error as error:
            raise damaged(self.folder, str(error)) from error
        self._require_in_place()

    def _require_in_place(self) -> None:
        """SQLite still writes into a folder that was moved; the files beside it would be missing."""
        if not (self.folder / DATABASE).is_file():
            raise StoreError(
                f"{self.folder} was moved or removed during the run; its trials were stored until then",
                remedy="move it back, or continue at its new place: `micronas search --resume FOLDER`",
            )

    def require_intact(self) -> None:
        """Raise ``StoreError`` if SQLite finds its file damaged."""
        verdict = self.rows("PRAGMA quick_check")
        if verdict != [("ok",)]:
            raise damaged(self.folder, str(verdict[0][0]))


def _connect(path: Path) -> sqlite3.Connection:
    """Transactions are started explicitly; a read-only folder is opened as immutable."""
    writable = os.access(path.parent, os.W_OK)
    target = path.resolve().as_uri() + ("" if writable else "?immutable=1")
    try:
        connection = sqlite3.connect(target, uri=True, isolation_level=None, timeout=10.0)
        if writable:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
    except DAMAGE as error:
        raise damaged(path.parent, str(error)) from error
    return connection
