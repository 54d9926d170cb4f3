"""``Net`` -> Keras model: the form to share, to save as ``.keras`` and to train with other tools.

The search trains ``micronas.train.tf_model`` instead, which traces and steps faster; both compute the
same function, and ``Weights`` travel between them. Layer names contain the node's index (``n3_conv``,
``n3_norm``), by which the weights of a node are found.
"""

from __future__ import annotations

from typing import Any

import keras

from micronas.model.net import (
    Add,
    Apply,
    Concat,
    Conv,
    Dense,
    DepthwiseConv,
    Flatten,
    Function,
    GlobalAveragePool,
    Input,
    Layer,
    Multiply,
    Net,
    Pool,
    PoolKind,
    SoftmaxLayer,
)
from micronas.model.op_attributes import Activation
from micronas.train.strides import equal_strides
from micronas.train.weights import (
    BATCH_NORM_EPSILON,
    BATCH_NORM_MOMENTUM,
    NodeWeights,
    Norm,
    Weights,
    initial_weights,
)


def keras_model(
    net: Net, batch: int | None = None, *, seed: int = 0, probabilities: bool = False
) -> keras.Model:
    """Builds the float32 network of ``net`` with ``initial_weights(net, seed)``.

    Input (batch, *net.input_shape) in the model's range; output (batch, classes), logits unless
    ``probabilities`` keeps a final softmax. ``batch`` fixes the batch size; None leaves it open.
    """
    values: list[Any] = []
    for index, node in enumerate(net.nodes):
        reads = [values[i] for i in node.inputs]
        if isinstance(node.layer, SoftmaxLayer) and not probabilities:
            values.extend(reads)
        else:
            values.append(_apply(node.layer, reads, index, batch))
    model = keras.Model(values[0], values[-1])
    set_weights(model, initial_weights(net, seed))
    return model


def set_weights(model: keras.Model, weights: Weights) -> None:
    """Puts ``weights`` of a network into its Keras model."""
    for index, node in enumerate(weights):
        if node is None:
            continue
        kernel_layer = _kernel_layer(model, index)
        if node.norm is None:
            kernel_layer.set_weights([node.kernel, node.bias])
        else:
            kernel_layer.set_weights([node.kernel])
            norm = node.norm
            model.get_layer(f"n{index}_norm").set_weights([norm.gamma, norm.beta, norm.mean, norm.variance])


def get_weights(model: keras.Model, net: Net) -> Weights:
    """The weights of a Keras model built by ``keras_model(net)``, one entry per node."""
    return tuple(_node_weights(model, net, index) for index in range(len(net.nodes)))


def _node_weights(model: keras.Model, net: Net, index: int) -> NodeWeights | None:
    layer = net.nodes[index].layer
    if not isinstance(layer, Conv | DepthwiseConv | Dense):
        return None
    kernel, *bias = _kernel_layer(model, index).get_weights()
    if not layer.batch_norm:
        return NodeWeights(kernel, bias[0], None)
    return NodeWeights(kernel, None, Norm(*model.get_layer(f"n{index}_norm").get_weights()))


def _kernel_layer(model: keras.Model, index: int) -> Any:
    return model.get_layer(f"n{index}_kernel")


def _apply(layer: Layer, reads: list[Any], index: int, batch: int | None) -> Any:
    name = f"n{index}"
    match layer:
        case Input():
            return keras.Input(batch_shape=(batch, *layer.shape), name="x")
        case Conv() | DepthwiseConv() | Dense():
            return _weighted(layer, reads[0], name)
        case Pool():
            pool = keras.layers.MaxPooling2D if layer.kind is PoolKind.MAX else keras.layers.AveragePooling2D
            size, stride = (layer.pool_h, layer.pool_w), (layer.stride_h, layer.stride_w)
            return pool(size, stride, layer.padding.value.lower(), name=f"{name}_pool")(reads[0])
        case GlobalAveragePool():
            mean = keras.layers.GlobalAveragePooling2D(keepdims=layer.keep_dims, name=f"{name}_mean")
            return mean(reads[0])
        case Add():
            return _activated(layer.activation, keras.layers.Add(name=f"{name}_add")(reads), name)
        case Multiply():
            return keras.layers.Multiply(name=f"{name}_multiply")(reads)
        case Concat():
            return keras.layers.Concatenate(name=f"{name}_concat")(reads)
        case Apply():
            return keras.layers.Activation(_FUNCTIONS[layer.function], name=f"{name}_function")(reads[0])
        case Flatten():
            return keras.layers.Flatten(name=f"{name}_flatten")(reads[0])
        case SoftmaxLayer():
            return keras.layers.Softmax(name=f"{name}_softmax")(reads[0])


_FUNCTIONS = {Function.HARD_SWISH: "hard_swish", Function.LOGISTIC: "sigmoid", Function.RELU: "relu"}


def _weighted(layer: Conv | DepthwiseConv | Dense, x: Any, name: str) -> Any:
    y = _kernel_op(layer, f"{name}_kernel", x.shape)(x)
    if layer.batch_norm:
        norm = keras.layers.BatchNormalization(
            momentum=BATCH_NORM_MOMENTUM, epsilon=BATCH_NORM_EPSILON, name=f"{name}_norm"
        )
        y = norm(y)
    return _activated(layer.activation, y, name)


def _kernel_op(layer: Conv | DepthwiseConv | Dense, name: str, shape: tuple[int | None, ...]) -> Any:
    bias = not layer.batch_norm
    if isinstance(layer, Dense):
        return keras.layers.Dense(layer.units, use_bias=bias, name=name)
    kernel, stride = (layer.kernel_h, layer.kernel_w), (layer.stride_h, layer.stride_w)
    padding = layer.padding.value.lower()
    if isinstance(layer, Conv):
        return keras.layers.Conv2D(layer.filters, kernel, stride, padding, use_bias=bias, name=name)
    dilation = (layer.dilation_h, 1)
    return keras.layers.DepthwiseConv2D(
        kernel, equal_strides(shape, stride), padding, dilation_rate=dilation, use_bias=bias, name=name
    )


def _activated(activation: Activation, x: Any, name: str) -> Any:
    match activation:
        case Activation.NONE:
            return x
        case Activation.RELU:
            return keras.layers.ReLU(name=f"{name}_relu")(x)
        case Activation.RELU6:
            return keras.layers.ReLU(max_value=6.0, name=f"{name}_relu6")(x)
    raise ValueError(f"no Keras layer for {activation}")
