"""Trained weights as bytes of no framework, and the .keras file that is made of them."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from micronas.model.net import Net
from micronas.train.keras_archive import write_keras
from micronas.train.weights import NodeWeights, Norm, Weights

_NORM = ("gamma", "beta", "mean", "variance")


def weights_to_bytes(weights: Weights) -> bytes:
    """A compressed .npz: ``3.kernel`` is node 3's kernel, ``3.bias`` or ``3.gamma`` and so on the rest."""
    arrays = {}
    for index, node in enumerate(weights):
        if node is None:
            continue
        arrays[f"{index}.kernel"] = node.kernel
        if node.bias is not None:
            arrays[f"{index}.bias"] = node.bias
        if node.norm is not None:
            arrays |= {f"{index}.{name}": getattr(node.norm, name) for name in _NORM}
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def weights_from_bytes(data: bytes, nodes: int) -> Weights:
    """The inverse, for a network of ``nodes`` nodes."""
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    return tuple(_node(arrays, index) for index in range(nodes))


def _node(
    arrays: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]], index: int
) -> NodeWeights | None:
    kernel, bias = arrays.get(f"{index}.kernel"), arrays.get(f"{index}.bias")
    if kernel is None:
        return None
    norm = [arrays[f"{index}.{name}"] for name in _NORM] if bias is None else None
    return NodeWeights(kernel, bias, Norm(*norm) if norm else None)


def save_keras(net: Net, weights: bytes, path: Path) -> None:
    """Write ``net`` with its weights as a .keras file; see ``keras_archive``.

    The model computes what the int8 file computes, before quantization: a final softmax is part of it.
    """
    write_keras(net, weights_from_bytes(weights, len(net.nodes)), path)
