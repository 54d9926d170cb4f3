"""Reading a user's NumPy .npz file, with a separate message for each way in which it can be invalid."""

from __future__ import annotations

import difflib
import zipfile
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from micronas.errors import DataError

_LFS_HEADER = b"version https://git-lfs"
_ZIP_MARK = b"PK"
_NPY_MARK = b"\x93NUMPY"
_SAVE = "numpy.savez(FILE, x=..., y=...) writes one"


def read_arrays(path: Path) -> dict[str, npt.NDArray[np.generic]]:
    """All arrays of the file at ``path``, by name, in its order.

    Raises ``DataError`` if it is missing, not an .npz file, damaged, or holds Python objects.
    """
    if path.is_dir():
        raise DataError(f"{path} is a folder, not an .npz file")
    if not path.exists():
        near = difflib.get_close_matches(path.name, [p.name for p in path.parent.glob("*.npz")], n=1)
        remedy = f"did you mean {path.parent / near[0]}?" if near else None
        raise DataError(f"data file not found: {path}", remedy=remedy)
    try:
        _refuse_other_files(path)
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, AttributeError, zipfile.BadZipFile, zlib.error) as error:
        if "allow_pickle" in str(error):
            raise DataError(
                f"{path}: an array holds Python objects, not numbers", remedy="store it with a numeric dtype"
            ) from error
        why = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise DataError(f"{path}: damaged: {why}", remedy="download or write the file again") from error


def _refuse_other_files(path: Path) -> None:
    with path.open("rb") as stream:
        start = stream.read(len(_LFS_HEADER))
    if start.startswith(_LFS_HEADER):
        raise DataError(f"{path}: a Git LFS pointer, not the data", remedy="git lfs pull")
    if start.startswith(_NPY_MARK):
        raise DataError(f"{path}: one bare array (.npy), not named ones (.npz)", remedy=_SAVE)
    if not start.startswith(_ZIP_MARK):
        what = "the file is empty" if not start else "not an .npz file (no zip archive)"
        raise DataError(f"{path}: {what}", remedy=_SAVE)
