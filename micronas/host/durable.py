"""Writes that a loss of power leaves either complete or absent.

A rename alone is atomic among processes. After a loss of power, a renamed file may exist with no content
unless it was flushed to the disk before.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def replace_durably(draft: Path, path: Path) -> None:
    """Rename ``draft`` to ``path`` after its content is on the disk."""
    _sync(draft, os.O_RDWR)
    os.replace(draft, path)
    sync_folder(path.parent)


def sync_tree(folder: Path) -> None:
    """Flush every file and folder below ``folder``, and the folder itself."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_file():
            _sync(path, os.O_RDWR)
        else:
            sync_folder(path)
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Flush the entries of ``folder``; without effect where the system cannot do this (Windows)."""
    with contextlib.suppress(OSError):
        _sync(folder, os.O_RDONLY)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
