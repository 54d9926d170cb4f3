"""Inputs of ``micronas bench``: the user's own samples, and networks without constant channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from micronas.data.npz_file import read_arrays
from micronas.deploy.limits import require_bounded
from micronas.errors import DataError, ModelError, plural
from micronas.model.constant_channels import remove_constant_channels
from micronas.model.graph import ABSENT, Graph, Tensor
from micronas.model.interpreter import run_in_order

Array: TypeAlias = npt.NDArray[np.generic]

COMPARED = 2
"""Random samples on which a network and the same without constant channels must agree."""


def load_samples(path: Path, graph: Graph, count: int) -> list[Array]:
    """The first ``count`` samples of each array of an .npz, one array (N, ...) per graph input, in order.

    Arrays of the input's type (int8, uint8 or float32) are used unchanged; float arrays are quantized with
    the input's own scale. Raises ``DataError`` that names the array that does not fit.
    """
    return quantized_samples(read_arrays(path), graph, count, where=f"{path}: ")


def quantized_samples(
    named: Mapping[str, npt.NDArray[np.generic]], graph: Graph, count: int, *, where: str = ""
) -> list[Array]:
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


def simplified(graph: Graph, samples: Sequence[Array]) -> Graph:
    """``graph`` without the channels that no input can change; both must agree on ``samples``.

    ``graph`` itself if it has no such channel.
    """
    require_bounded(graph)
    simpler = remove_constant_channels(graph)
    if simpler is graph:
        return graph
    pairs = zip(run_in_order(graph, samples), run_in_order(simpler, samples), strict=True)
    if not all(np.array_equal(before, after) for before, after in pairs):
        raise ModelError(f"{graph.name}: removing constant channels changes its outputs; please report this")
    return simpler


def constant_bytes(graph: Graph) -> int:
    """Bytes of weights and biases that ops read."""
    read = {t for op in graph.ops for t in op.inputs if t != ABSENT}
    return sum(graph.tensors[t].nbytes for t in read if graph.tensors[t].is_constant)


def removed_text(with_them_bytes: int, without_bytes: int) -> str:
    """What the removal of constant channels saves."""
    return (
        f"constant channels removed: {without_bytes:,} bytes of weights and biases "
        f"instead of {with_them_bytes:,}; outputs are equal"
    )


def _sample(where: str, values: Array, tensor: Tensor) -> Array:
    shape = tensor.shape[1:]
    if values.ndim == 0 or len(values) == 0 or values[0].size != np.prod(shape, dtype=int):
        raise DataError(
            f"{where} has shape {values.shape}, the model's input is (N, {', '.join(map(str, shape))})",
            remedy="give N samples of the input's shape, prepared as for training",
        )
    values = values.reshape(len(values), *shape)
    wanted = tensor.dtype.value
    if values.dtype == wanted != "float32":
        return values
    if not np.issubdtype(values.dtype, np.floating):
        also = "" if wanted == "float32" else ", or float32"
        raise DataError(
            f"{where} is {values.dtype}, the model's input is {wanted}",
            remedy=f"give the model's {wanted} input values{also}",
        )
    if not np.isfinite(values).all():
        bad = int(np.count_nonzero(~np.isfinite(values)))
        raise DataError(
            f"{where} holds {plural(bad, 'value')} that are NaN or infinite, of {values.size:,}",
            remedy="remove those samples",
        )
    real = values.astype(np.float32)
    if tensor.quant is None or wanted == "float32":
        return real
    limits = np.iinfo(wanted)
    q = np.rint(real / np.float32(tensor.quant.scale[0])) + tensor.quant.zero_point[0]
    return np.asarray(np.clip(q, limits.min, limits.max), dtype=wanted)
