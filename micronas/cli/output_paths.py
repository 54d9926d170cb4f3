"""Output files of a verb at user-given paths: folders are created, and an error names the option.

A file appears whole or not at all: what was there stays until its successor is complete.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from micronas.errors import ConfigError

_LITTLE_BYTES = 1 << 20


@contextmanager
def writing(option: str, path: Path) -> Iterator[None]:
    """Turn an ``OSError`` within into a ``ConfigError`` that names ``option``, ``path`` and the reason."""
    try:
        yield
    except OSError as error:
        raise _unwritable(option, path, error) from error


@contextmanager
def filling(option: str, folder: Path) -> Iterator[None]:
    """``writing``, of work that writes elsewhere too: only if the disk of ``folder`` is full."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT) and shutil.disk_usage(folder).free < _LITTLE_BYTES
        if not full:
            raise
        raise _unwritable(option, folder, error) from error


@contextmanager
def draft_of(option: str, path: Path) -> Iterator[Path]:
    """A path to write to, which replaces ``path`` at the end; after an error nothing has changed.

    A device or a pipe is written directly. Raises ``ConfigError`` if ``path`` cannot be written.
    """
    with writing(option, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            with path.open("ab"):
                pass  # a file that is read-only, or a folder, is refused
            if not path.is_file():
                yield path
                return
        final = path.resolve()  # a link stays a link
        draft = final.with_name(f".{final.name}.part")
        try:
            yield draft
            if final.exists():
                shutil.copymode(final, draft)
            os.replace(draft, final)
        finally:
            draft.unlink(missing_ok=True)


def write_file(option: str, path: Path, content: str | bytes) -> None:
    """Write ``content`` to ``path``, creating its folder; raises ``ConfigError`` if that is impossible."""
    with draft_of(option, path) as draft:
        draft.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)


def require_writable_file(option: str, path: Path) -> None:
    """Raise ``ConfigError`` before the work starts, unless a file can be written at ``path``."""
    with writing(option, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        existed = path.exists()
        with path.open("ab"):
            pass
        if not existed:
            path.unlink()


def require_writable_folder(option: str, path: Path) -> None:
    """Create the folder ``path`` before the work starts; raises ``ConfigError`` if that is impossible."""
    with writing(option, path):
        path.mkdir(parents=True, exist_ok=True)
        probe = path / ".micronas-writable"
        probe.touch()
        probe.unlink()


def _unwritable(option: str, path: Path, error: OSError) -> ConfigError:
    reason = error.strerror or str(error).partition("\n")[0]
    return ConfigError(
        f"{option} {path}: cannot be written ({reason})", remedy="choose a writable folder with free space"
    )
