"""What to say of a run that another version of micronas wrote."""

from __future__ import annotations

from pathlib import Path

import micronas
from micronas.errors import StoreError
from micronas.store.run_file import READABLE_VERSIONS, SCHEMA_VERSION
from micronas.trial import Json


def unreadable(folder: Path, written_by: str, what: str, why: str) -> StoreError:
    """Something stored that this version does not understand."""
    return StoreError(
        f"run {folder.name} was written by {written_by}, and {_this_version()} does not read "
        f"its {what}: {why}",
        remedy=f"`micronas report {folder}` shows what can be read; go on with the micronas that wrote it, "
        "or start a new run",
    )


def other_format(folder: Path, written_by: str, found: Json) -> StoreError:
    """A run in a format that this version does not go on with, or does not even read."""
    readable = found in READABLE_VERSIONS
    look = f"`micronas report {folder}` shows what is in it; " if readable else ""
    return StoreError(
        f"run {folder.name} was written by {written_by}, and {_this_version()} cannot "
        f"{'go on with' if readable else 'read'} it",
        remedy=f"{look}go on with the micronas that wrote it, or start a new run",
    )


def _this_version() -> str:
    return f"this micronas {micronas.__version__} (run format {SCHEMA_VERSION})"
