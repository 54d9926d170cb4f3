"""The run folder: one SQLite file that a search can be resumed, reported and rebuilt from.

``runs/NAME/run.sqlite`` holds the resolved configuration and board, the code version, every trial with its
int8 model, the wall-clock time used, and each unsealing of the test split. Write-ahead logging with
``synchronous=FULL`` means that a trial is either wholly on the disk or was never there, whatever kills the
process. ``runs/NAME/lock`` is held by the search that writes; readers do not need it.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from micronas import run_lock
from micronas.errors import StoreError
from micronas.trial import Json, Outcome, Trial
from micronas.trial_json import scores_from_json, scores_to_json

SCHEMA_VERSION = 1
DATABASE = "run.sqlite"

_SCHEMA = """
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


@dataclass(frozen=True)
class Record:
    """A stored trial: what the strategy is told, and what only the report shows.

    ``details`` are figures by name (per-op profile, parity, build id, ledger items); ``rejected`` counts
    the proposals that were refused by the budgets before this one; ``finished_s`` is the run's wall-clock
    time, pauses left out.
    """

    trial: Trial
    details: dict[str, Json]
    rejected: int = 0
    finished_s: float = 0.0
    tflite: bytes | None = None


@dataclass(frozen=True)
class Final:
    """The run's result: the figures of the reported network and its int8 model."""

    result: dict[str, Json]
    tflite: bytes


class Store:
    """One run folder, opened by ``create``, ``resume`` (both hold the lock) or ``read`` (does not)."""

    def __init__(self, folder: Path, connection: sqlite3.Connection, lock_fd: int | None) -> None:
        self.folder = folder
        self._connection = connection
        self._lock_fd = lock_fd
        self._session: int | None = None
        self._session_start = 0.0

    @classmethod
    def create(cls, folder: Path, facts: dict[str, Json]) -> Store:
        """Make a new run with its unchanging ``facts``; raises ``StoreError`` if there is one already."""
        if (folder / DATABASE).exists():
            raise StoreError(
                f"run {folder.name} exists already in {folder.parent}",
                remedy=f"go on with it by `micronas search --resume {folder}`, or choose another --run name",
            )
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock_fd = run_lock.acquire(folder)
            _write_new(folder / DATABASE, {"schema_version": SCHEMA_VERSION, **facts})
        except OSError as error:
            raise StoreError(
                f"run folder {folder} cannot be written: {error.strerror}",
                remedy="choose a folder that you may write to with --runs DIR",
            ) from error
        return cls._open(folder, lock_fd)

    @classmethod
    def resume(cls, folder: Path) -> Store:
        """Open a run to go on with it; raises ``StoreError`` if it is missing, locked or damaged."""
        _require(folder)
        try:
            lock_fd = run_lock.acquire(folder)
        except OSError as error:
            raise StoreError(f"run folder {folder} cannot be written: {error.strerror}") from error
        store = cls._open(folder, lock_fd)
        store._check()
        return store

    @classmethod
    def read(cls, folder: Path) -> Store:
        """Open a run to look at it, also while a search writes to it."""
        _require(folder)
        store = cls._open(folder, None)
        store._check()
        return store

    @classmethod
    def _open(cls, folder: Path, lock_fd: int | None) -> Store:
        try:
            return cls(folder, _connect(folder / DATABASE), lock_fd)
        except StoreError:
            if lock_fd is not None:
                os.close(lock_fd)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the lock back; twice is fine."""
        self._connection.close()
        if self._lock_fd is not None:
            os.close(self._lock_fd)
            self._lock_fd = None

    def fact(self, name: str) -> Json:
        """One of the facts given to ``create``."""
        row = self._one("SELECT value FROM facts WHERE name = ?", name)
        if row is None:
            raise StoreError(f"{self.folder / DATABASE}: no {name!r} in it")
        value: Json = json.loads(row[0])
        return value

    def begin_session(self) -> None:
        """Start counting wall-clock time; a run has one session per start or resume."""
        self._session_start = time.monotonic()
        with self._transaction() as cursor:
            cursor.execute("INSERT INTO sessions (started_at, wall_s) VALUES (?, 0)", (_now(),))
            self._session = cursor.lastrowid

    def wall_s(self) -> float:
        """Wall-clock seconds of all sessions so far, the current one up to this moment."""
        row = self._one("SELECT COALESCE(SUM(wall_s), 0) FROM sessions WHERE id IS NOT ?", self._session)
        current = time.monotonic() - self._session_start if self._session is not None else 0.0
        return float(row[0] if row else 0.0) + current

    def save_wall_time(self) -> None:
        """Write the current session's time, so that a kill costs no more than what came after."""
        with self._transaction() as cursor:
            self._save_session(cursor)

    def add(self, record: Record) -> None:
        """Store a finished trial in one transaction."""
        trial = record.trial
        row = (
            trial.number,
            trial.key,
            json.dumps(trial.arch),
            trial.outcome.value,
            trial.stage,
            trial.reason,
            trial.origin,
            json.dumps(scores_to_json(trial.scores)) if trial.scores else None,
            json.dumps(record.details),
            record.rejected,
            self.wall_s(),
        )
        with self._transaction() as cursor:
            cursor.execute("INSERT INTO trials VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
            if record.tflite is not None:
                cursor.execute("INSERT INTO models VALUES (?, ?)", (trial.number, record.tflite))
            self._save_session(cursor)

    def records(self) -> list[Record]:
        """Every stored trial in number order, models left out (see ``model``)."""
        columns = "number, key, arch, outcome, stage, reason, origin, scores, details, rejected, finished_s"
        rows = self._all(f"SELECT {columns} FROM trials ORDER BY number")
        return [_record(row) for row in rows]

    def model(self, number: int) -> bytes | None:
        """The int8 .tflite of trial ``number`` as its search-time training left it."""
        row = self._one("SELECT tflite FROM models WHERE number = ?", number)
        return bytes(row[0]) if row else None

    def record_unsealing(self, reason: str) -> None:
        """Remember that the test split was looked at."""
        with self._transaction() as cursor:
            cursor.execute("INSERT INTO unsealings (at, reason) VALUES (?, ?)", (_now(), reason))

    def unsealings(self) -> list[str]:
        """The reasons for which the test split was looked at, in order."""
        return [str(row[0]) for row in self._all("SELECT reason FROM unsealings ORDER BY id")]

    def set_final(self, final: Final) -> None:
        """Store the run's result, once; raises ``StoreError`` if there is one already."""
        if self.final() is not None:
            raise StoreError(f"run {self.folder.name} has its result already")
        with self._transaction() as cursor:
            cursor.execute("INSERT INTO final VALUES (1, ?, ?)", (json.dumps(final.result), final.tflite))
            self._save_session(cursor)

    def final(self) -> Final | None:
        """The run's result, or None while the search is not finished."""
        row = self._one("SELECT result, tflite FROM final WHERE id = 1")
        return Final(json.loads(row[0]), bytes(row[1])) if row else None

    def _save_session(self, cursor: sqlite3.Cursor) -> None:
        wall_s = time.monotonic() - self._session_start
        cursor.execute("UPDATE sessions SET wall_s = ? WHERE id = ?", (wall_s, self._session))

    def _check(self) -> None:
        try:
            verdict = self._all("PRAGMA quick_check")
            version = self.fact("schema_version")
        except StoreError:
            self.close()
            raise
        if verdict != [("ok",)]:
            self.close()
            raise _damaged(self.folder, str(verdict[0][0]))
        if version != SCHEMA_VERSION:
            self.close()
            raise StoreError(
                f"run {self.folder.name} has format {version}; this micronas reads {SCHEMA_VERSION}",
                remedy="use the micronas version that wrote it",
            )

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Cursor]:
        try:
            with contextlib.closing(self._connection.cursor()) as cursor:
                cursor.execute("BEGIN IMMEDIATE")
                try:
                    yield cursor
                except BaseException:
                    cursor.execute("ROLLBACK")
                    raise
                cursor.execute("COMMIT")
        except sqlite3.Error as error:
            raise _damaged(self.folder, str(error)) from error

    def _all(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise _damaged(self.folder, str(error)) from error

    def _one(self, query: str, *values: object) -> tuple[Any, ...] | None:
        rows = self._all(query, *values)
        return rows[0] if rows else None


def _write_new(path: Path, facts: dict[str, Json]) -> None:
    """Lay the tables down under another name first: a run is there whole, or not at all."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    try:
        with contextlib.closing(sqlite3.connect(draft)) as connection, connection:
            connection.executescript(_SCHEMA)
            rows = [(name, json.dumps(value)) for name, value in facts.items()]
            connection.executemany("INSERT INTO facts VALUES (?, ?)", rows)
    except sqlite3.Error as error:
        draft.unlink(missing_ok=True)
        raise _damaged(path.parent, str(error)) from error
    os.replace(draft, path)


def _connect(path: Path) -> sqlite3.Connection:
    """Transactions are begun by hand; a folder that cannot be written to is opened as it lies."""
    writable = os.access(path.parent, os.W_OK)
    target = path.resolve().as_uri() + ("" if writable else "?immutable=1")
    try:
        connection = sqlite3.connect(target, uri=True, isolation_level=None, timeout=10.0)
        if writable:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
    except sqlite3.Error as error:
        raise _damaged(path.parent, str(error)) from error
    return connection


def _require(folder: Path) -> None:
    if not (folder / DATABASE).is_file():
        there = sorted(p.parent.name for p in folder.parent.glob(f"*/{DATABASE}"))
        hint = f"runs in {folder.parent}: {', '.join(there)}" if there else f"no runs in {folder.parent} yet"
        raise StoreError(f"no run in {folder}", remedy=hint)


def _damaged(folder: Path, what: str) -> StoreError:
    return StoreError(
        f"{folder / DATABASE}: {what}",
        remedy="if the disk is full or read-only, mend that and resume; a damaged file cannot be resumed, "
        "start a new run",
    )


def _record(row: tuple[Any, ...]) -> Record:
    number, key, arch, outcome, stage, reason, origin, scores, details, rejected, finished_s = row
    trial = Trial(
        number=number,
        arch=json.loads(arch),
        key=key,
        outcome=Outcome(outcome),
        scores=scores_from_json(json.loads(scores)) if scores else None,
        reason=reason,
        stage=stage,
        origin=origin,
    )
    return Record(trial, json.loads(details), rejected, finished_s)


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
