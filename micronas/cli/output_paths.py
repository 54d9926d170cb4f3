"""Files that a verb writes where the user says: their folders are made, and a refusal names the option."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from micronas.errors import ConfigError


@contextmanager
def writing(option: str, path: Path) -> Iterator[None]:
    """Turn an ``OSError`` within into a ``ConfigError`` that names ``option``, ``path`` and the reason."""
    try:
        yield
    except OSError as error:
        raise ConfigError(
            f"{option} {path}: cannot be written ({error.strerror})",
            remedy="name a place that you may write to and that has room",
        ) from error


def write_file(option: str, path: Path, content: str | bytes) -> None:
    """Write ``content`` to ``path``, making its folder; raises ``ConfigError`` where that is impossible."""
    with writing(option, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)


def require_writable_file(option: str, path: Path) -> None:
    """Raise ``ConfigError`` now, before the work, unless a file can be written at ``path``."""
    with writing(option, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab"):
            pass


def require_writable_folder(option: str, path: Path) -> None:
    """Make the folder ``path``; raises ``ConfigError`` now, before the work, where that is impossible."""
    with writing(option, path):
        path.mkdir(parents=True, exist_ok=True)
        probe = path / ".micronas-writable"
        probe.touch()
        probe.unlink()
