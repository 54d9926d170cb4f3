"""Labelled samples for the accuracy script: arrays of an .npz -> the bytes that the protocol loads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from micronas.data.npz_file import read_arrays
from micronas.deploy.mlperf.task import Encoding, MlperfTask
from micronas.errors import DataError
from micronas.model.graph import Tensor

Encode: TypeAlias = Callable[[npt.NDArray[np.generic]], bytes]


@dataclass(frozen=True)
class File:
    """One file of the data set: its loads (one, or for ad01 one per window) and its class."""

    loads: tuple[bytes, ...]
    label: int


def read_files(
    path: Path, task: MlperfTask, network_input: Tensor, count: int | None = None
) -> tuple[File, ...]:
    """The first ``count`` samples of ``x`` with labels ``y`` of the .npz at ``path``.

    kws01 and sww01: int8 values of the network's input; or float, or int8 with ``scale`` (and
    ``zero_point``) in the file, which are quantized for the network. vww01 and ic01: uint8. ad01: float32
    log-mel rows (N, rows, 128), cut into windows of five rows. Raises ``DataError`` that names the array that
    does not fit.
    """
    arrays = _open(path)
    x, y = arrays["x"][:count], arrays["y"][:count]
    if len(x) == 0 or len(x) != len(y) or not np.issubdtype(y.dtype, np.integer):
        raise DataError(f"{path}: {len(x)} samples and {len(y)} labels ({y.dtype})")
    encode = _encoder(path, task, network_input, arrays)
    return tuple(
        File(tuple(encode(window) for window in _windows(sample, task, path)), int(label))
        for sample, label in zip(x, y, strict=True)
    )


def random_load(task: MlperfTask, seed: int = 0) -> bytes:
    """Random bytes in the form of a sample of ``task``, for runs where the values do not matter."""
    rng = np.random.default_rng(seed)
    if task.encoding is Encoding.FLOAT32:
        return rng.normal(0.0, 10.0, task.input_elements).astype("<f4").tobytes()
    return rng.integers(0, 256, task.input_elements, dtype=np.uint8).tobytes()


def _open(path: Path) -> dict[str, npt.NDArray[np.generic]]:
    arrays: dict[str, npt.NDArray[np.generic]] = dict(read_arrays(path))
    if missing := {"x", "y"} - arrays.keys():
        there = ", ".join(arrays) or "none"
        raise DataError(f"{path} has no array {', '.join(sorted(missing))}; its arrays: {there}")
    x = arrays["x"]
    if np.issubdtype(x.dtype, np.floating) and not np.isfinite(x).all():
        bad = int((~np.isfinite(x)).sum())
        raise DataError(f"{path}: x holds NaN or infinity, {bad:,} of {x.size:,} values")
    return arrays


def _windows(sample: npt.NDArray[np.generic], task: MlperfTask, path: Path) -> list[npt.NDArray[np.generic]]:
    if task.stride == 0:
        if sample.size != task.input_elements:
            raise DataError(
                f"{path}: a sample has shape {sample.shape}, {task.name} takes {task.input_shape}"
            )
        return [sample]
    rows, columns = task.input_shape
    if sample.ndim != 2 or sample.shape[1] != columns or len(sample) < rows:
        raise DataError(
            f"{path}: a file has shape {sample.shape}, {task.name} takes at least {rows} x {columns}"
        )
    return [sample[at : at + rows] for at in range(0, len(sample) - rows + 1, task.stride)]


def _encoder(
    path: Path, task: MlperfTask, tensor: Tensor, arrays: Mapping[str, npt.NDArray[np.generic]]
) -> Encode:
    dtype = arrays["x"].dtype
    wanted = {Encoding.UINT8: "uint8", Encoding.FLOAT32: "float32"}.get(task.encoding)
    if wanted is not None:
        if dtype != wanted:
            raise DataError(f"{path}: x is {dtype}, {task.name} takes {wanted}")
        return lambda sample: sample.astype(np.dtype(wanted).newbyteorder("<")).tobytes()
    if dtype == np.int8 and "scale" not in arrays:
        return lambda sample: sample.tobytes()
    if dtype != np.int8 and not np.issubdtype(dtype, np.floating):
        raise DataError(f"{path}: x is {dtype}, {task.name} takes int8 or float")
    scale = float(arrays["scale"]) if "scale" in arrays else 1.0
    offset = int(arrays["zero_point"]) if "zero_point" in arrays else 0
    return lambda sample: _quantized((sample.astype(np.float32) - offset) * np.float32(scale), tensor)


def _quantized(real: npt.NDArray[np.float32], tensor: Tensor) -> bytes:
    assert tensor.quant is not None, "an int8 input has a scale"
    q = np.rint(real / np.float32(tensor.quant.scale[0])) + tensor.quant.zero_point[0]
    clipped: npt.NDArray[np.int8] = np.clip(q, -128, 127).astype(np.int8)
    return clipped.tobytes()
