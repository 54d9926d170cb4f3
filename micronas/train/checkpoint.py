"""Arrays in a run folder: results of a long computation, so that a killed run does not repeat it."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from micronas.errors import StoreError

Arrays: TypeAlias = Mapping[str, npt.NDArray[np.generic]]

Found = TypeVar("Found")


def save_arrays(path: Path, arrays: Arrays) -> None:
    """Write ``arrays`` to ``path`` (.npz): after a kill, either the old or the new file exists."""
    draft = path.with_suffix(".new")
    with draft.open("wb") as file:
        np.savez(file, **arrays)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)


def load_arrays(path: Path, read: Callable[[Arrays], Found]) -> Found | None:
    """The result of ``read`` for the arrays in ``path``; None if it does not exist.

    ``read`` raises ``ValueError`` or ``KeyError`` for unsuitable arrays. Raises ``StoreError`` for these and
    for a damaged file.
    """
    if not path.exists():
        return None
    try:
        with np.load(path) as saved:
            return read({name: saved[name] for name in saved.files})
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise StoreError(
            f"{path}: not the result of a supernet of this run: {error}",
            remedy="remove the file; the supernet is then trained again",
        ) from error
