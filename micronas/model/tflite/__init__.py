"""Read an int8 .tflite file into the graph; any other file is refused with one plain reason.

>>> graph = read(Path("model.tflite"))          # doctest: +SKIP
>>> graph.ops[0].kind                           # doctest: +SKIP
'CONV_2D'
"""

from __future__ import annotations

import difflib
from pathlib import Path

from micronas.errors import ModelError
from micronas.model.graph import Graph

_IDENTIFIER = b"TFL3"
_LFS_HEADER = b"version https://git-lfs"
_SMALLEST_BYTES = 16


def read(path: Path) -> Graph:
    """The int8 graph in the file at ``path``; raises ``ModelError`` with the file's name and the reason."""
    path = Path(path)
    if path.is_dir():
        inside = path / "best" / "model.tflite"
        remedy = f"the network of that run is {inside}" if inside.exists() else None
        raise ModelError(f"{path} is a folder, not a .tflite file", remedy=remedy)
    if not path.exists():
        raise ModelError(f"{path}: file not found", remedy=_remedy(path))
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror})") from error
    return read_bytes(data, path.name, where=str(path))


def read_bytes(data: bytes, name: str, *, where: str | None = None) -> Graph:
    """The int8 graph in ``data``, called ``name``; every error begins with ``where`` (or ``name``)."""
    where = where or name
    _refuse_other_files(data, where)
    # The schema module and NumPy are slow to import, so only after the file was found.
    from micronas.model.tflite.convert import to_graph
    from micronas.model.tflite.decode import decode

    try:
        return to_graph(decode(data), name.removesuffix(".tflite"))
    except ModelError as error:
        raise ModelError(f"{where}: {error.message}", remedy=error.remedy) from error


def _remedy(missing: Path) -> str:
    """The file with a similar name beside ``missing``, or where to get a model."""
    names = [path.name for path in missing.parent.glob("*.tflite")]
    near = difflib.get_close_matches(missing.name, names, n=1)
    if near:
        return f"did you mean {missing.parent / near[0]}?"
    return "a search writes RUN/best/model.tflite; `micronas networks` lists published ones"


def _refuse_other_files(data: bytes, where: str) -> None:
    if not data:
        raise ModelError(
            f"{where}: the file is empty", remedy="fetch the file again, or convert the model again"
        )
    if data.startswith(_LFS_HEADER):
        raise ModelError(
            f"{where}: this is a Git LFS pointer, not the model itself",
            remedy="fetch the file with `git lfs pull`",
        )
    if len(data) < _SMALLEST_BYTES or data[4:8] != _IDENTIFIER:
        raise ModelError(
            f"{where}: not a .tflite file (no {_IDENTIFIER.decode()} mark at byte 4)",
            remedy="convert the model with the TFLite converter; a damaged download also looks like this",
        )
