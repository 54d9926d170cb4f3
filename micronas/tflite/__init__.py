"""Read an int8 .tflite file into the graph; anything else is refused with one plain reason.

>>> graph = read(Path("model.tflite"))          # doctest: +SKIP
>>> graph.ops[0].kind                           # doctest: +SKIP
'CONV_2D'
"""

from __future__ import annotations

from pathlib import Path

from micronas.errors import ModelError
from micronas.graph import Graph

_IDENTIFIER = b"TFL3"
_LFS_HEADER = b"version https://git-lfs"
_SMALLEST_BYTES = 16


def read(path: Path) -> Graph:
    """The int8 graph in the file at ``path``; raises ``ModelError`` with the file's name and the reason."""
    path = Path(path)
    if path.is_dir():
        inside = path / "best" / "model.tflite"
        remedy = f"the network of that run is {inside}" if inside.exists() else None
        raise ModelError(f"{path}: is a folder, not a .tflite file", remedy=remedy)
    if not path.exists():
        raise ModelError(f"{path}: no such file")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror})") from error
    return read_bytes(data, path.name)


def read_bytes(data: bytes, name: str) -> Graph:
    """The int8 graph in ``data``; ``name`` stands before every refusal and becomes the graph's name."""
    _refuse_other_files(data, name)
    # The schema module and NumPy take a moment to import: not before a file is there to read.
    from micronas.tflite.convert import to_graph
    from micronas.tflite.decode import decode

    try:
        return to_graph(decode(data), name.removesuffix(".tflite"))
    except ModelError as error:
        raise ModelError(f"{name}: {error.message}", remedy=error.remedy) from error


def _refuse_other_files(data: bytes, name: str) -> None:
    if not data:
        raise ModelError(f"{name}: the file is empty")
    if data.startswith(_LFS_HEADER):
        raise ModelError(
            f"{name}: this is a Git LFS pointer, not the model itself",
            remedy="fetch the file with `git lfs pull`",
        )
    if len(data) < _SMALLEST_BYTES or data[4:8] != _IDENTIFIER:
        raise ModelError(
            f"{name}: not a .tflite file (no {_IDENTIFIER.decode()} mark at byte 4)",
            remedy="convert the model with the TFLite converter; a damaged download looks like this too",
        )
