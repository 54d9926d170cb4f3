"""Checks on the numbers of a converted graph: the trained weights, at plausible scales."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from micronas.errors import QuantizeError
from micronas.model.graph import Graph, Tensor
from micronas.model.net import Net
from micronas.quantize.float_graph import tflite_layout
from micronas.train.weights import Array, Folded

_ROUNDING = 0.51
"""Half a step, plus the float error of computing it."""

_SCALE_TOLERANCE = 0.02
_CONVERTER = "the converter changed the network: install the TensorFlow version that micronas requires"
_SMALLEST_SCALE, _LARGEST_SCALE = 1e-7, 1e4


def check_constants(graph: Graph, net: Net, weights: tuple[Folded | None, ...]) -> None:
    """Check that every weight of ``graph`` equals the trained one to half a quantization step."""
    for index, (op, folded) in enumerate(zip(graph.ops, weights[1:], strict=True), start=1):
        if folded is None:
            continue
        tensor = graph.tensors[op.inputs[1]]
        trained = tflite_layout(folded.kernel, net, index)
        error = np.abs(_real(tensor) - trained)
        worst = float((error / _scales(tensor)).max())
        if worst > _ROUNDING:
            raise QuantizeError(
                f"node {index} ({net.nodes[index].layer}): a weight is {worst:.2g} quantization steps off, "
                f"{_ROUNDING:g} allowed",
                remedy=_CONVERTER,
            )


def check_scales(graph: Graph, samples: npt.NDArray[np.float32], *, may_hold_constants: bool = False) -> None:
    """Check that the input's scale is the calibration range over 255 steps and all scales are plausible.

    With ``may_hold_constants`` an activation inside the network may be zero for all samples, as the product
    with a recurrent layer's first state is: the converter gives it a scale of about 8e-9.
    """
    (scale,) = _quant(graph.tensors[graph.inputs[0]])
    # The range always includes zero, which must be exact for padding.
    expected = (max(0.0, float(samples.max())) - min(0.0, float(samples.min()))) / 255.0
    if abs(scale - expected) > _SCALE_TOLERANCE * expected:
        raise QuantizeError(
            f"the input's scale is {scale:g}, but the calibration's range gives {expected:g}",
            remedy=_CONVERTER,
        )
    for t in graph.activations:
        (scale,) = _quant(graph.tensors[t])
        smallest = 0.0 if may_hold_constants and t not in graph.outputs else _SMALLEST_SCALE
        if not smallest <= scale <= _LARGEST_SCALE:
            raise QuantizeError(
                f"an activation of shape {graph.tensors[t].shape} has the scale {scale:g}, "
                f"outside {_SMALLEST_SCALE:g} to {_LARGEST_SCALE:g}",
                remedy="the network is constant or exploded: train it again with a lower learning rate",
            )


def _quant(tensor: Tensor) -> tuple[float, ...]:
    assert tensor.quant is not None, "an int8 graph has scales on all int8 tensors"
    return tensor.quant.scale


def _scales(tensor: Tensor) -> Array:
    """Scales shaped to broadcast over the tensor."""
    assert tensor.quant is not None, "an int8 graph has scales on all int8 tensors"
    shape = [1] * len(tensor.shape)
    shape[tensor.quant.axis] = -1
    return np.array(tensor.quant.scale, np.float32).reshape(shape)


def _real(tensor: Tensor) -> Array:
    assert tensor.data is not None, "a file's constants have values"
    return (tensor.data.astype(np.float32) * _scales(tensor)).astype(np.float32)
