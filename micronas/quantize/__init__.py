"""Trained ``Net`` -> canonical int8 .tflite: calibrated, converted, read back and verified.

    data = quantize(model, net, calibration)     # bytes of the file that is measured and delivered

The converter reports success even for files that are float or whose scales are meaningless. Every file is
therefore read back, matched op by op with the graph of the ``Net``, and compared weight by weight with the
trained values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from micronas.errors import ModelError, QuantizeError
from micronas.model.graph import Graph
from micronas.model.net import Net, shape_graph
from micronas.model.tflite import read_bytes
from micronas.model.tflite.writer import write as write_tflite
from micronas.quantize.calibration import check_calibration
from micronas.quantize.order import in_order_of, with_flattens
from micronas.quantize.proof import check_constants, check_scales
from micronas.train.weights import Weights, fold, kernel_shape

if TYPE_CHECKING:
    import keras

    from micronas.train.tf_model import TfModel

Model: TypeAlias = "TfModel | keras.Model | Weights"


def quantize(
    model: Model,
    net: Net,
    calibration: npt.NDArray[np.float32],
    *,
    labels: npt.NDArray[Any] | None = None,
    input_range: tuple[float, float] | None = None,
    name: str = "net",
) -> bytes:
    """Full int8 post-training quantization: int8 in and out, per-channel weights, batch 1.

    ``calibration`` is float32 (samples, *net.input_shape) in the model's range, 50 to 200 samples of the
    training split. ``labels`` and ``input_range`` (lowest and highest value of the training data) allow more
    checks. Equal arguments give equal bytes. Raises ``QuantizeError`` with the reason.
    """
    samples = check_calibration(calibration, net.input_shape, labels, input_range)
    weights = fold(weights_of(model, net))
    for index, node in enumerate(weights):
        if node and not (np.isfinite(node.kernel).all() and np.isfinite(node.bias).all()):
            raise QuantizeError(
                f"node {index} ({net.nodes[index].layer}) has weights that are not finite",
                remedy="training diverged: lower the learning rate",
            )
    from micronas.quantize.convert import convert

    graph = _proven(convert(net, weights, samples), net, name)
    check_constants(graph, net, weights)
    check_scales(graph, samples)
    return write_tflite(graph)


def _proven(data: bytes, net: Net, name: str) -> Graph:
    try:
        graph = read_bytes(data, f"{name}.tflite")
    except ModelError as error:
        raise QuantizeError(f"the converted file is not int8 throughout: {error.message}") from error
    return in_order_of(with_flattens(graph), shape_graph(net, name))


def weights_of(model: Model, net: Net) -> Weights:
    """The weights of any trainable form of ``net``; raises ``QuantizeError`` if they are another net's."""
    if isinstance(model, tuple):
        weights = model
    elif hasattr(model, "get_layer"):
        from micronas.train import keras_backend

        weights = keras_backend.get_weights(model, net)
    else:
        weights = model.get_weights()
    shapes = [node.kernel.shape if node else None for node in weights]
    if shapes != [kernel_shape(net, index) for index in range(len(net.nodes))]:
        raise QuantizeError("the weights belong to another network: the kernel shapes differ")
    return weights
