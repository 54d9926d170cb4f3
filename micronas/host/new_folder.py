"""Output folders, which must be new."""

from __future__ import annotations

from pathlib import Path

from micronas.errors import ConfigError


def require_new_folder(out: Path) -> None:
    """Raise ``ConfigError`` unless ``out`` is new or an empty folder: nothing is overwritten."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConfigError(f"--out {out}: already exists and is not empty", remedy="choose a new folder")
