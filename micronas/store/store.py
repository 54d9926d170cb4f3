"""The run folder: one SQLite file from which a search can be resumed, reported and rebuilt.

``runs/NAME/run.sqlite`` holds the resolved configuration and board, the code version, every trial with its
int8 model, the wall-clock time used, and each unsealing of the test split. Write-ahead logging with
``synchronous=FULL`` means that a trial is either completely on disk or not at all, even if the process is
killed. ``runs/NAME/lock`` is held by the search that writes; readers do not need the lock.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import shlex
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import micronas
from micronas.errors import StoreError
from micronas.host.environment import environment
from micronas.host.process_lock import ProcessLock
from micronas.store import run_lock
from micronas.store.digests import FINAL, add_digest, checked, trial_name
from micronas.store.record import (
    COLUMNS,
    Final,
    Record,
    Row,
    bytes_of,
    number_of,
    record_from_row,
    record_to_row,
    text_of,
    whole_of,
)
from micronas.store.run_file import (
    DAMAGE,
    DATABASE,
    READABLE_VERSIONS,
    SCHEMA_VERSION,
    connect,
    damaged,
    require,
    write_new,
)
from micronas.store.run_format import config_in_this_format, in_this_format, other_format, unreadable
from micronas.trial import Json

ENVIRONMENT = "environment"
"""Fact of a run: the machine and versions on which it was created."""


class Store:
    """One run folder, opened by ``create``, ``resume`` (both hold the lock) or ``read`` (does not)."""

    def __init__(self, folder: Path, connection: sqlite3.Connection, lock: ProcessLock | None) -> None:
        self.folder = folder
        self._connection = connection
        self._lock = lock
        self._session: int | None = None
        self._session_start = 0.0

    @classmethod
    def create(cls, folder: Path, facts: dict[str, Json]) -> Store:
        """Create a run with its constant ``facts``; raises ``StoreError`` if it already exists."""
        if (folder / DATABASE).exists():
            word = shlex.quote(str(folder))
            raise StoreError(
                f"run {folder.name} already exists in {folder.parent}",
                remedy=f"resume it with `micronas search --resume {word}`, or choose another name with --run",
            )
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = run_lock.acquire(folder)
            write_new(folder / DATABASE, {**_own_facts(), **facts})
        except OSError as error:
            raise StoreError(
                f"run folder {folder} cannot be written: {error.strerror}",
                remedy="choose a writable folder with --runs DIR",
            ) from error
        return cls._open(folder, lock)

    @classmethod
    def resume(cls, folder: Path) -> Store:
        """Open a run to resume it; raises ``StoreError`` if it is missing, locked, damaged or in another
        format.
        """
        require(folder)
        try:
            lock = run_lock.acquire(folder)
        except OSError as error:
            raise StoreError(
                f"run folder {folder} cannot be written: {error.strerror}",
                remedy="Resuming needs write access: copy the run folder or change its permissions.",
            ) from error
        store = cls._open(folder, lock)
        store._check((SCHEMA_VERSION,))
        return store

    @classmethod
    def read(cls, folder: Path) -> Store:
        """Open a run for reading, even while a search writes to it."""
        require(folder)
        store = cls._open(folder, None)
        store._check(READABLE_VERSIONS)
        return store

    @classmethod
    def _open(cls, folder: Path, lock: ProcessLock | None) -> Store:
        try:
            return cls(folder, connect(folder / DATABASE), lock)
        except StoreError:
            if lock is not None:
                lock.release()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the lock; calling it twice is safe."""
        self._connection.close()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def fact(self, name: str) -> Json:
        """One of the facts given to ``create``."""
        row = self._one("SELECT value FROM facts WHERE name = ?", name)
        if row is None:
            raise self.unreadable(name, "it is missing")
        try:
            value: Json = json.loads(text_of(row[0]))
        except (TypeError, ValueError) as error:
            raise self.unreadable(name, f"not JSON: {error}") from error
        return config_in_this_format(value, self.format) if name == "config" else value

    def optional_fact(self, name: str) -> Json:
        """A fact that runs of earlier versions do not have; None then."""
        row = self._one("SELECT value FROM facts WHERE name = ?", name)
        return None if row is None else self.fact(name)

    def amend(self, facts: dict[str, Json]) -> None:
        """Replace or add facts of a resumed run, all in one transaction."""
        rows = [(name, json.dumps(value)) for name, value in facts.items()]
        with self._transaction() as cursor:
            cursor.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", rows)

    def reopen(self, facts: dict[str, Json]) -> None:
        """Remove the result, so that the search continues, and keep ``facts`` about it."""
        rows = [(name, json.dumps(value)) for name, value in facts.items()]
        with self._transaction() as cursor:
            cursor.execute("DELETE FROM final")
            cursor.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", rows)

    @property
    def format(self) -> Json:
        """The format in which the run was created; see ``run_file``."""
        return self._meta("schema_version")

    @property
    def written_by(self) -> str:
        """``micronas 0.1.0 (run format 3)``: the version that created the run."""
        return f"micronas {self._meta('code_version')} (run format {self.format})"

    def _meta(self, name: str) -> Json:
        """A fact that names the version. It never raises, so that it cannot hide another error."""
        row = self._one("SELECT value FROM facts WHERE name = ?", name)
        try:
            value: Json = json.loads(text_of(row[0])) if row else "of unknown version"
        except (TypeError, ValueError):
            return "of unknown version"
        return value

    def unreadable(self, what: str, why: str) -> StoreError:
        """The error for stored data that this version does not understand."""
        return unreadable(self.folder, self.written_by, what, why)

    @property
    def environment(self) -> dict[str, str]:
        """Machine and versions on which the run was created; empty for runs of earlier versions."""
        row = self._one("SELECT value FROM facts WHERE name = ?", ENVIRONMENT)
        stored = json.loads(str(row[0])) if row else {}
        return {str(name): str(value) for name, value in stored.items()} if isinstance(stored, dict) else {}

    def begin_session(self) -> None:
        """Start counting wall-clock time; a run has one session per start or resume."""
        self._session_start = time.monotonic()
        with self._transaction() as cursor:
            cursor.execute("INSERT INTO sessions (started_at, wall_s) VALUES (?, 0)", (_now(),))
            self._session = cursor.lastrowid

    def wall_s(self) -> float:
        """Wall-clock seconds of all sessions so far, the current one included."""
        row = self._one("SELECT COALESCE(SUM(wall_s), 0) FROM sessions WHERE id IS NOT ?", self._session)
        current = time.monotonic() - self._session_start if self._session is not None else 0.0
        return (number_of(row[0]) if row else 0.0) + current

    def save_wall_time(self) -> None:
        """Write the current session's time, so that a kill loses only the time after this call."""
        with self._transaction() as cursor:
            self._save_session(cursor)

    def add(self, record: Record) -> None:
        """Store a finished trial in one transaction."""
        row = record_to_row(record, self.wall_s())
        if record.weights is not None:
            self._write_weights(record.trial.number, record.weights)
        with self._transaction() as cursor:
            cursor.execute("INSERT INTO trials VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
            if record.tflite is not None:
                cursor.execute("INSERT INTO models VALUES (?, ?)", (record.trial.number, record.tflite))
                add_digest(cursor, trial_name(record.trial.number), record.tflite)
            self._save_session(cursor)

    def records(self) -> list[Record]:
        """Every stored trial in number order, without the models (see ``model``)."""
        rows, found = self._all(f"SELECT {COLUMNS} FROM trials ORDER BY number"), self.format
        return [self._record(row, found) for row in rows]

    def numbers(self) -> list[int]:
        """The numbers of the stored trials, in order."""
        return [whole_of(row[0]) for row in self._all("SELECT number FROM trials ORDER BY number")]

    def record(self, number: int) -> Record:
        """One stored trial, without its model; ``StoreError`` if there is none."""
        row = self._one(f"SELECT {COLUMNS} FROM trials WHERE number = ?", number)
        if row is None:
            raise self.unreadable(f"trial {number}", "it is missing")
        return self._record(row, self.format)

    def _record(self, row: Row, run_format: Json) -> Record:
        try:
            return record_from_row(row, run_format)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise self.unreadable(f"trial {row[0]!r}", f"{type(error).__name__}: {error}") from error

    def model(self, number: int) -> bytes | None:
        """The int8 .tflite of trial ``number`` as trained during the search; ``StoreError`` if damaged."""
        row = self._one("SELECT tflite FROM models WHERE number = ?", number)
        if row is None:
            return None
        try:
            return self._checked(trial_name(number), bytes_of(row[0]))
        except TypeError as error:
            raise self.unreadable(f"the network of trial {number}", str(error)) from error

    def _checked(self, model: str, tflite: bytes) -> bytes:
        known = self._one("SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'digests'")
        row = self._one("SELECT sha256 FROM digests WHERE model = ?", model) if known else None
        return checked(self.folder, model, tflite, text_of(row[0]) if row else None)

    def weights(self, number: int) -> bytes | None:
        """The float weights of trial ``number`` as its search-time training left them; see ``Record``."""
        path = self._weights_file(number)
        return path.read_bytes() if path.is_file() else None

    def _weights_file(self, number: int) -> Path:
        return self.folder / "weights" / f"trial-{number}.npz"

    def _write_weights(self, number: int, weights: bytes) -> None:
        """Before the trial's own transaction: a kill in between leaves a file that is written again."""
        path = self._weights_file(number)
        try:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(weights)
        except OSError as error:
            raise damaged(self.folder, str(error.strerror), f"weights/{path.name}") from error

    def record_unsealing(self, reason: str) -> None:
        """Record that the test split was used."""
        with self._transaction() as cursor:
            cursor.execute("INSERT INTO unsealings (at, reason) VALUES (?, ?)", (_now(), reason))

    def unsealings(self) -> list[str]:
        """The recorded reasons for using the test split, in order."""
        return [text_of(row[0]) for row in self._all("SELECT reason FROM unsealings ORDER BY id")]

    def set_final(self, final: Final) -> None:
        """Store the run's result, once; raises ``StoreError`` if it is already stored."""
        if self.final() is not None:
            raise StoreError(f"run {self.folder.name} already has a result")
        with self._transaction() as cursor:
            cursor.execute("INSERT INTO final VALUES (1, ?, ?)", (json.dumps(final.result), final.tflite))
            add_digest(cursor, FINAL, final.tflite)
            self._save_session(cursor)

    def final(self) -> Final | None:
        """The run's result, or None while the search is not finished; ``StoreError`` if it is damaged."""
        row = self._one("SELECT result, tflite FROM final WHERE id = 1")
        if row is None:
            return None
        try:
            result, tflite = json.loads(text_of(row[0])), bytes_of(row[1])
        except (ValueError, TypeError) as error:
            raise self.unreadable("result", f"{type(error).__name__}: {error}") from error
        return Final(in_this_format(result, self.format), self._checked(FINAL, tflite))

    def _save_session(self, cursor: sqlite3.Cursor) -> None:
        wall_s = time.monotonic() - self._session_start
        cursor.execute("UPDATE sessions SET wall_s = ? WHERE id = ?", (wall_s, self._session))

    def _check(self, formats: tuple[int, ...]) -> None:
        """Close and raise ``StoreError`` unless the file is intact and in one of ``formats``."""
        try:
            verdict = self._all("PRAGMA quick_check")
            if verdict != [("ok",)]:
                raise damaged(self.folder, str(verdict[0][0]))
            if self.format not in formats:
                raise other_format(self.folder, self.written_by, self.format)
        except StoreError:
            self.close()
            raise

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Cursor]:
        try:
            with contextlib.closing(self._connection.cursor()) as cursor:
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

    def _all(self, query: str, *values: object) -> list[Row]:
        try:
            return self._connection.execute(query, values).fetchall()
        except DAMAGE as error:
            raise damaged(self.folder, str(error)) from error

    def _one(self, query: str, *values: object) -> Row | None:
        rows = self._all(query, *values)
        return rows[0] if rows else None


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def _own_facts() -> dict[str, Json]:
    """What a later version must know about the one that wrote the run."""
    made_on: dict[str, Json] = {**environment()}
    return {"schema_version": SCHEMA_VERSION, "code_version": micronas.__version__, ENVIRONMENT: made_on}
