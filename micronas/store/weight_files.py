"""The float weights of trials: one file each in the run folder, beside the database."""

from __future__ import annotations

from pathlib import Path

from micronas.store.run_file import WEIGHTS, damaged


def read_weights(folder: Path, number: int) -> bytes | None:
    """What ``write_weights`` stored of trial ``number``; None if nothing was."""
    path = _path(folder, number)
    return path.read_bytes() if path.is_file() else None


def write_weights(folder: Path, number: int, weights: bytes) -> None:
    """Before the trial's own transaction: a kill in between leaves a file that is written again."""
    path = _path(folder, number)
    try:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(weights)
    except OSError as error:
        raise damaged(folder, str(error.strerror), f"{WEIGHTS}/{path.name}") from error


def _path(folder: Path, number: int) -> Path:
    return folder / WEIGHTS / f"trial-{number}.npz"
