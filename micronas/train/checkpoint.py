"""Arrays in a run's folder: what a long computation found, so that a killed run need not repeat it."""

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
    """Write ``arrays`` to ``path`` (.npz): a kill leaves the old file or the new one."""
    draft = path.with_suffix(".new")
    with draft.open("wb") as file:
        np.savez(file, **arrays)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)


def load_arrays(path: Path, read: Callable[[Arrays], Found]) -> Found | None:
    """What ``read`` makes of the arrays in ``path``; None if there is no such file.

    ``read`` raises ``ValueError`` or ``KeyError`` for arrays that it cannot take. Raises ``StoreError`` for
    these, and for a damaged file.
    """
    if not path.exists():
        return None
    try:
        with np.load(path) as saved:
            return read({name: saved[name] for name in saved.files})
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise StoreError(
            f"{path}: not what a supernet of this run learned: {error}",
            remedy="remove the file; that supernet is then trained again",
        ) from error
