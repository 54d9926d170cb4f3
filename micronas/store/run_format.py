"""A run that another version of micronas wrote: messages about it, and its figures under current names."""

from __future__ import annotations

from pathlib import Path

import micronas
from micronas.config.keys import RENAMED_KEYS
from micronas.errors import StoreError
from micronas.store.run_file import READABLE_VERSIONS, SCHEMA_VERSION
from micronas.trial import Json

_RENAMED_IN_3 = {
    "accuracy_int8": "quality_int8",
    "accuracy_float": "quality_float",
    "test_accuracy_int8": "test_quality_int8",
    "ran_on": "execution_target",
}
OLDER = (1, 2)
"""Formats that use older names."""


def in_this_format(figures: dict[str, Json], found: Json) -> dict[str, Json]:
    """``figures`` of a run in format ``found``, nested ones included, under the names of this version."""
    if found not in OLDER:
        return figures
    return {
        _RENAMED_IN_3.get(name, name): in_this_format(value, found) if isinstance(value, dict) else value
        for name, value in figures.items()
    }


def config_in_this_format(config: Json, found: Json) -> Json:
    """The configuration of a run in format ``found`` under current keys; other values are unchanged."""
    if found not in OLDER or not isinstance(config, dict):
        return config
    renamed = _with_todays_keys(config, "")
    if renamed.get("on_board_failure") == "go_on":
        renamed["on_board_failure"] = "continue"
    return renamed


def _with_todays_keys(section: dict[str, Json], prefix: str) -> dict[str, Json]:
    renamed: dict[str, Json] = {}
    for key, value in section.items():
        today = RENAMED_KEYS.get(prefix + key, prefix + key).removeprefix(prefix)
        renamed[today] = _with_todays_keys(value, f"{prefix}{key}.") if isinstance(value, dict) else value
    return renamed


def unreadable(folder: Path, written_by: str, what: str, why: str) -> StoreError:
    """The error for stored data that this version does not understand."""
    return StoreError(
        f"run {folder.name} was written by {written_by}, and {_this_version()} does not read "
        f"its {what}: {why}",
        remedy=f"`micronas report {folder}` shows what can be read; resume with {_reader(written_by)}, "
        f"or start a new run",
    )


def other_format(folder: Path, written_by: str, found: Json) -> StoreError:
    """The error for a run in a format that this version cannot resume, or cannot even read."""
    readable = found in READABLE_VERSIONS
    look = f"`micronas report {folder}` shows what is in it; " if readable else ""
    return StoreError(
        f"run {folder.name} was written by {written_by}, and {_this_version()} cannot "
        f"{'resume' if readable else 'read'} it",
        remedy=f"{look}{'resume' if readable else 'read'} it with {_reader(written_by)}, or start a new run",
    )


def _reader(written_by: str) -> str:
    """The version that surely reads a run: ``micronas 0.0.9``, which wrote it."""
    version = written_by.partition(" (")[0]
    return "the version that wrote it" if "unknown" in version else f"{version}, which wrote it"


def _this_version() -> str:
    return f"this micronas {micronas.__version__} (run format {SCHEMA_VERSION})"
