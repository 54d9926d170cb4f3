"""The run folder: one SQLite file from which a search can be resumed, reported and rebuilt.

``runs/NAME/run.sqlite`` holds the resolved configuration and board, the code version, every trial with its
int8 model, the wall-clock time used, and each unsealing of the test split. A trial is either completely on
disk or not at all. ``runs/NAME/lock`` is held by the search that writes; readers do not need the lock.
"""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from types import TracebackType
from typing import Self

from micronas.errors import StoreError
from micronas.host.process_lock import ProcessLock
from micronas.store import run_lock
from micronas.store.database import Database
from micronas.store.digests import FINAL, add_digest, checked, trial_name
from micronas.store.facts import Facts, put, write_first
from micronas.store.record import (
    COLUMNS,
    Final,
    Record,
    Row,
    bytes_of,
    record_from_row,
    record_to_row,
    text_of,
    whole_of,
)
from micronas.store.run_file import DATABASE, READABLE_VERSIONS, SCHEMA_VERSION, require
from micronas.store.run_format import in_this_format, other_format
from micronas.store.sessions import Sessions, now
from micronas.store.weight_files import read_weights, write_weights
from micronas.trial import Json


class Store:
    """One run folder, opened by ``create``, ``resume`` (both hold the lock) or ``read`` (does not)."""

    def __init__(self, database: Database, lock: ProcessLock | None) -> None:
        self.folder = database.folder
        self._database = database
        self._facts = Facts(database)
        self._sessions = Sessions(database)
        self._lock = lock

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
            write_first(folder / DATABASE, facts)
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
            return cls(Database(folder), lock)
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
        self._database.close()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def fact(self, name: str) -> Json:
        """One of the facts given to ``create``."""
        return self._facts.get(name)

    def optional_fact(self, name: str) -> Json:
        """A fact that runs of earlier versions do not have; None then."""
        return self._facts.optional(name)

    def amend(self, facts: dict[str, Json]) -> None:
        """Replace or add facts of a resumed run, all in one transaction."""
        with self._database.transaction() as cursor:
            put(cursor, facts)

    def reopen(self, facts: dict[str, Json]) -> None:
        """Remove the result, so that the search continues, and keep ``facts`` about it."""
        with self._database.transaction() as cursor:
            cursor.execute("DELETE FROM final")
            put(cursor, facts)

    @property
    def format(self) -> Json:
        """The format in which the run was created; see ``run_file``."""
        return self._facts.format

    @property
    def written_by(self) -> str:
        """``micronas 0.1.0 (run format 3)``: the version that created the run."""
        return self._facts.written_by

    @property
    def environment(self) -> dict[str, str]:
        """Machine and versions on which the run was created; empty for runs of earlier versions."""
        return self._facts.environment

    def unreadable(self, what: str, why: str) -> StoreError:
        """The error for stored data that this version does not understand."""
        return self._facts.unreadable(what, why)

    def begin_session(self) -> None:
        """Start counting wall-clock time; a run has one session per start or resume."""
        self._sessions.begin()

    def wall_s(self) -> float:
        """Wall-clock seconds of all sessions so far, the current one included."""
        return self._sessions.wall_s()

    def save_wall_time(self) -> None:
        """Write the current session's time, so that a kill loses only the time after this call."""
        with self._database.transaction() as cursor:
            self._sessions.save(cursor)

    def add(self, record: Record) -> None:
        """Store a finished trial in one transaction."""
        row = record_to_row(record, self.wall_s())
        if record.weights is not None:
            write_weights(self.folder, record.trial.number, record.weights)
        with self._database.transaction() as cursor:
            cursor.execute("INSERT INTO trials VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
            if record.tflite is not None:
                cursor.execute("INSERT INTO models VALUES (?, ?)", (record.trial.number, record.tflite))
                add_digest(cursor, trial_name(record.trial.number), record.tflite)
            self._sessions.save(cursor)

    def records(self) -> list[Record]:
        """Every stored trial in number order, without the models (see ``model``)."""
        rows, found = self._database.rows(f"SELECT {COLUMNS} FROM trials ORDER BY number"), self.format
        return [self._record(row, found) for row in rows]

    def numbers(self) -> list[int]:
        """The numbers of the stored trials, in order."""
        return [whole_of(row[0]) for row in self._database.rows("SELECT number FROM trials ORDER BY number")]

    def record(self, number: int) -> Record:
        """One stored trial, without its model; ``StoreError`` if there is none."""
        row = self._database.row(f"SELECT {COLUMNS} FROM trials WHERE number = ?", number)
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
        row = self._database.row("SELECT tflite FROM models WHERE number = ?", number)
        if row is None:
            return None
        try:
            return checked(self._database, trial_name(number), bytes_of(row[0]))
        except TypeError as error:
            raise self.unreadable(f"the network of trial {number}", str(error)) from error

    def weights(self, number: int) -> bytes | None:
        """The float weights of trial ``number`` as its search-time training left them; see ``Record``."""
        return read_weights(self.folder, number)

    def record_unsealing(self, reason: str) -> None:
        """Record that the test split was used."""
        with self._database.transaction() as cursor:
            cursor.execute("INSERT INTO unsealings (at, reason) VALUES (?, ?)", (now(), reason))

    def unsealings(self) -> list[str]:
        """The recorded reasons for using the test split, in order."""
        return [text_of(row[0]) for row in self._database.rows("SELECT reason FROM unsealings ORDER BY id")]

    def set_final(self, final: Final) -> None:
        """Store the run's result, once; raises ``StoreError`` if it is already stored."""
        if self.final() is not None:
            raise StoreError(f"run {self.folder.name} already has a result")
        with self._database.transaction() as cursor:
            cursor.execute("INSERT INTO final VALUES (1, ?, ?)", (json.dumps(final.result), final.tflite))
            add_digest(cursor, FINAL, final.tflite)
            self._sessions.save(cursor)

    def final(self) -> Final | None:
        """The run's result, or None while the search is not finished; ``StoreError`` if it is damaged."""
        row = self._database.row("SELECT result, tflite FROM final WHERE id = 1")
        if row is None:
            return None
        try:
            result, tflite = json.loads(text_of(row[0])), bytes_of(row[1])
        except (ValueError, TypeError) as error:
            raise self.unreadable("result", f"{type(error).__name__}: {error}") from error
        return Final(in_this_format(result, self.format), checked(self._database, FINAL, tflite))

    def _check(self, formats: tuple[int, ...]) -> None:
        """Close and raise ``StoreError`` unless the file is intact and in one of ``formats``."""
        try:
            self._database.require_intact()
            if self.format not in formats:
                raise other_format(self.folder, self.written_by, self.format)
        except StoreError:
            self.close()
            raise
