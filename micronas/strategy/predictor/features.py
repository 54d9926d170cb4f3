"""Features of a network on which accuracy and latency depend smoothly; for networks of every space.

Sizes are logarithmic, as spaces distribute them. Channels and positions along the depth are sampled at five
points for every number of layers, so that networks of different depth can be compared.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from micronas.model.net import Add, Apply, Concat, Conv, Dense, DepthwiseConv, Layer, Multiply, Net, Pool

Vector = npt.NDArray[np.float64]

PARAMETERS, MACS, VALUES, DEPTH = 0, 1, 2, 3
"""Columns: log2 of the parameters, operations, values written, and layers that have weights."""

_PLACES = np.linspace(0.0, 1.0, 5)

_KINDS: tuple[Callable[[Layer], bool], ...] = (
    lambda layer: isinstance(layer, Conv) and layer.kernel_h * layer.kernel_w > 1,
    lambda layer: isinstance(layer, Conv) and layer.kernel_h * layer.kernel_w == 1,
    lambda layer: isinstance(layer, DepthwiseConv),
    lambda layer: isinstance(layer, Dense),
    lambda layer: isinstance(layer, Pool),
    lambda layer: isinstance(layer, Add),
    lambda layer: isinstance(layer, Multiply),
    lambda layer: isinstance(layer, Apply),
    lambda layer: isinstance(layer, Concat),
)


def features(net: Net) -> Vector:
    """Sizes, depth, channels and positions along the depth, kernels, and how many layers of each kind."""
    weighted = [i for i, node in enumerate(net.nodes) if isinstance(node.layer, Conv | DepthwiseConv | Dense)]
    # The last weighted layer is the classifier, which is the same for all networks of one task.
    shapes = [net.shapes[i] for i in weighted[:-1]] or [net.input_shape]
    channels = [math.log2(shape[-1]) for shape in shapes]
    positions = [math.log2(math.prod(shape[:-1])) for shape in shapes]
    kernels = [_kernel(net.nodes[i].layer) for i in weighted]
    windows = [math.log2(kernel) for kernel in kernels if kernel > 1]
    return np.array(
        [
            math.log2(net.parameters),
            math.log2(net.macs),
            math.log2(sum(math.prod(net.shapes[i]) for i in weighted)),
            math.log2(len(weighted)),
            math.log2(max(math.prod(shape) for shape in net.shapes)),
            *_along(channels),
            *_along(positions),
            min(channels),
            sum(channels) / len(channels),
            sum(windows) / max(1, len(windows)),
            sum(windows),
            *(math.log2(1 + sum(is_one(node.layer) for node in net.nodes)) for is_one in _KINDS),
        ]
    )


def _along(values: Sequence[float]) -> Vector:
    return np.interp(_PLACES, np.linspace(0.0, 1.0, len(values)), values)


def _kernel(layer: Layer) -> int:
    return layer.kernel_h * layer.kernel_w if isinstance(layer, Conv | DepthwiseConv) else 1
