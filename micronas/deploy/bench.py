"""Inputs of ``micronas bench``: the user's own samples, and networks without constant channels."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from micronas.data.npz_file import read_arrays
from micronas.errors import DataError, ModelError, plural
from micronas.model.constant_channels import remove_constant_channels
from micronas.model.graph import Graph, Tensor
from micronas.model.interpreter import run_in_order


def load_samples(path: Path, graph: Graph, count: int) -> list[npt.NDArray[np.int8]]:
    """The first ``count`` samples of each array of an .npz, one array (N, ...) per graph input, in order.

    int8 arrays are used unchanged; float arrays are quantized with the input's own scale. Raises
    ``DataError`` that names the array that does not fit.
    """
    return quantized_samples(read_arrays(path), graph, count, where=f"{path}: ")


def quantized_samples(
    named: Mapping[str, npt.NDArray[np.generic]], graph: Graph, count: int, *, where: str = ""
) -> list[npt.NDArray[np.int8]]:
    """The same for arrays in memory, by name; error messages begin with ``where``."""
    arrays = list(named.items())[: len(graph.inputs)]
    if len(arrays) < len(graph.inputs):
        raise DataError(
            f"{where}{plural(len(arrays), 'array')} for {plural(len(graph.inputs), 'input')}",
            remedy="give one array per input, in the order of the model's inputs",
        )
    return [
        _sample(f"{where}array {name!r}", values[:count], graph.tensors[index])
        for (name, values), index in zip(arrays, graph.inputs, strict=True)
    ]


def simplified(graph: Graph, samples: list[npt.NDArray[np.int8]]) -> Graph:
    """``graph`` without the channels that no input can change; both must agree on ``samples``."""
    simpler = remove_constant_channels(graph)
    pairs = zip(run_in_order(graph, samples), run_in_order(simpler, samples), strict=True)
    if not all(np.array_equal(before, after) for before, after in pairs):
        raise ModelError(f"{graph.name}: removing constant channels changes its outputs; please report this")
    return simpler


def constant_bytes(graph: Graph) -> int:
    """Bytes of weights and biases."""
    return sum(tensor.nbytes for tensor in graph.tensors if tensor.is_constant)


def _sample(where: str, values: npt.NDArray[np.generic], tensor: Tensor) -> npt.NDArray[np.int8]:
    shape = tensor.shape[1:]
    if values.ndim == 0 or len(values) == 0 or values[0].size != np.prod(shape, dtype=int):
        raise DataError(
            f"{where} has shape {values.shape}, the model's input is (N, {', '.join(map(str, shape))})",
            remedy="give N samples of the input's shape, prepared as for training",
        )
    values = values.reshape(len(values), *shape)
    if values.dtype == np.int8:
        return values.astype(np.int8)
    if not np.issubdtype(values.dtype, np.floating) or tensor.quant is None:
        raise DataError(f"{where} is {values.dtype}", remedy="give the model's int8 input values, or float32")
    if not np.isfinite(values).all():
        bad = int(np.count_nonzero(~np.isfinite(values)))
        raise DataError(
            f"{where} holds {plural(bad, 'value')} that are NaN or infinite, of {values.size:,}",
            remedy="remove those samples",
        )
    scale, zero_point = tensor.quant.scale[0], tensor.quant.zero_point[0]
    q = np.rint(values.astype(np.float32) / np.float32(scale)) + zero_point
    return np.asarray(np.clip(q, -128, 127), dtype=np.int8)
