"""An exported library on the disk: all of its files, or none."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from micronas.errors import ConfigError


def library_name(stem: str) -> str:
    """A file's name as an identifier for build files."""
    word = re.sub(r"\W+", "_", stem, flags=re.ASCII)
    return word if re.match(r"[A-Za-z]", word) else f"model_{word}"


def write_library(files: Mapping[str, str], out: Path) -> None:
    """Write ``files`` to ``out``: all or none. Raises ``ConfigError`` if they cannot be written."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=".export-") as scratch:
            for path, text in files.items():
                target = Path(scratch) / "library" / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8")
            if out.exists():
                out.rmdir()
            shutil.move(Path(scratch) / "library", out)
    except OSError as error:
        raise ConfigError(
            f"--out {out}: cannot be written ({error.strerror})",
            remedy="choose a writable folder with free space",
        ) from error
