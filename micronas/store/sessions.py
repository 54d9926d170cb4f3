"""The wall-clock time of a run: the sum of its sessions, one per start or resume, without the pauses."""

from __future__ import annotations

import datetime
import sqlite3
import time

from micronas.store.database import Database
from micronas.store.record import number_of


class Sessions:
    """The stored sessions of a run, and the current one after ``begin``."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._current: int | None = None
        self._start_s = 0.0

    def begin(self) -> None:
        """Start counting, as a new session."""
        self._start_s = time.monotonic()
        with self._database.transaction() as cursor:
            cursor.execute("INSERT INTO sessions (started_at, wall_s) VALUES (?, 0)", (now(),))
            self._current = cursor.lastrowid

    def wall_s(self) -> float:
        """Seconds of all sessions so far, the current one included."""
        query = "SELECT COALESCE(SUM(wall_s), 0) FROM sessions WHERE id IS NOT ?"
        row = self._database.row(query, self._current)
        current = time.monotonic() - self._start_s if self._current is not None else 0.0
        return (number_of(row[0]) if row else 0.0) + current

    def save(self, cursor: sqlite3.Cursor) -> None:
        """Write the time of the current session; part of a transaction."""
        wall_s = time.monotonic() - self._start_s
        cursor.execute("UPDATE sessions SET wall_s = ? WHERE id = ?", (wall_s, self._current))


def now() -> str:
    """The time of day in UTC, as ISO 8601."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
