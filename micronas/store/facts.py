"""The facts of a run: named JSON values, among them the version, the format and the machine that wrote it."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import micronas
from micronas.errors import StoreError
from micronas.host.environment import environment
from micronas.store.database import Database
from micronas.store.record import Row, text_of
from micronas.store.run_file import SCHEMA_VERSION, write_new
from micronas.store.run_format import config_in_this_format, unreadable
from micronas.trial import Json

ENVIRONMENT = "environment"
"""Fact of a run: the machine and versions on which it was created."""


def write_first(path: Path, facts: dict[str, Json]) -> None:
    """Create the database with ``facts``, and what a later version must know about this one."""
    made_on: dict[str, Json] = {**environment()}
    own: dict[str, Json] = {"schema_version": SCHEMA_VERSION, "code_version": micronas.__version__}
    write_new(path, {**own, ENVIRONMENT: made_on, **facts})


class Facts:
    """The facts in ``database``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, name: str) -> Json:
        """The fact ``name``; raises ``StoreError`` if it is missing or not JSON."""
        row = self._row(name)
        if row is None:
            raise self.unreadable(name, "it is missing")
        try:
            value: Json = json.loads(text_of(row[0]))
        except (TypeError, ValueError) as error:
            raise self.unreadable(name, f"not JSON: {error}") from error
        return config_in_this_format(value, self.format) if name == "config" else value

    def optional(self, name: str) -> Json:
        """The fact ``name``, or None if the run does not have it."""
        return None if self._row(name) is None else self.get(name)

    @property
    def format(self) -> Json:
        """The format in which the run was created; see ``run_file``."""
        return self._of_version("schema_version")

    @property
    def written_by(self) -> str:
        """``micronas 0.1.0 (run format 3)``: the version that created the run."""
        return f"micronas {self._of_version('code_version')} (run format {self.format})"

    @property
    def environment(self) -> dict[str, str]:
        """Machine and versions on which the run was created; empty for runs of earlier versions."""
        row = self._row(ENVIRONMENT)
        stored = json.loads(str(row[0])) if row else {}
        return {str(name): str(value) for name, value in stored.items()} if isinstance(stored, dict) else {}

    def unreadable(self, what: str, why: str) -> StoreError:
        """The error for stored data that this version does not understand."""
        return unreadable(self._database.folder, self.written_by, what, why)

    def _of_version(self, name: str) -> Json:
        """A fact that names the version. It never raises, so that it cannot hide another error."""
        row = self._row(name)
        try:
            value: Json = json.loads(text_of(row[0])) if row else "of unknown version"
        except (TypeError, ValueError):
            return "of unknown version"
        return value

    def _row(self, name: str) -> Row | None:
        return self._database.row("SELECT value FROM facts WHERE name = ?", name)


def put(cursor: sqlite3.Cursor, facts: dict[str, Json]) -> None:
    """Replace or add ``facts``; part of a transaction."""
    rows = [(name, json.dumps(value)) for name, value in facts.items()]
    cursor.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", rows)
