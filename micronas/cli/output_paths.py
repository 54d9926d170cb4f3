"""Output files of a verb at user-given paths: folders are created, and an error names the option."""

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
            remedy="choose a writable folder with free space",
        ) from error


def write_file(option: str, path: Path, content: str | bytes) -> None:
    """Write ``content`` to ``path``, creating its folder; raises ``ConfigError`` if that is impossible."""
    with writing(option, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)


def require_writable_file(option: str, path: Path) -> None:
    """Raise ``ConfigError`` before the work starts, unless a file can be written at ``path``."""
    with writing(option, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab"):
            pass


def require_writable_folder(option: str, path: Path) -> None:
    """Create the folder ``path`` before the work starts; raises ``ConfigError`` if that is impossible."""
    with writing(option, path):
        path.mkdir(parents=True, exist_ok=True)
        probe = path / ".micronas-writable"
        probe.touch()
        probe.unlink()
