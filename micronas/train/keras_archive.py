"""``Net`` and weights -> a .keras file without Keras, whose import takes longer than a small network's trial.

The file is a zip archive (Keras 3): ``config.json`` has the layers and what each reads, ``model.weights.h5``
their variables, ``metadata.json`` the version. Layers have the names of ``keras_backend``, and a loaded model
is the one that ``keras_model(net, probabilities=True)`` builds.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

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
from micronas.train.weights import BATCH_NORM_EPSILON, BATCH_NORM_MOMENTUM, Array, NodeWeights, Weights

_FUNCTIONS = {Function.HARD_SWISH: "hard_swish", Function.LOGISTIC: "sigmoid", Function.RELU: "relu"}
_FILE_NAMES = {
    "Activation": "activation",
    "Add": "add",
    "AveragePooling2D": "average_pooling2d",
    "BatchNormalization": "batch_normalization",
    "Concatenate": "concatenate",
    "Conv2D": "conv2d",
    "Dense": "dense",
    "DepthwiseConv2D": "depthwise_conv2d",
    "Flatten": "flatten",
    "GlobalAveragePooling2D": "global_average_pooling2d",
    "InputLayer": "input_layer",
    "MaxPooling2D": "max_pooling2d",
    "Multiply": "multiply",
    "ReLU": "re_lu",
    "Softmax": "softmax",
}
"""Keras' class -> its name in the file of weights."""

_JOINS = ("Add", "Multiply", "Concatenate")
"""Layers that take one list of tensors."""


@dataclass(frozen=True)
class _KerasLayer:
    """A layer of Keras; ``reads`` are names of layers, ``shape`` is its result's, without the batch."""

    name: str
    kind: str
    config: Mapping[str, Any]
    reads: tuple[str, ...]
    shape: tuple[int, ...]
    variables: tuple[Array, ...] = ()


def write_keras(net: Net, weights: Weights, path: Path) -> None:
    """Write the float network as a .keras file; a final softmax is part of it."""
    layers = _layers(net, weights)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("metadata.json", json.dumps({"keras_version": _keras_version()}))
        file.writestr("config.json", json.dumps(_config(layers)))
        file.writestr("model.weights.h5", _weights_file(_in_order_of_keras(layers)))


def _keras_version() -> str:
    try:
        return version("keras")
    except PackageNotFoundError:
        return "3"


def _layers(net: Net, weights: Weights) -> list[_KerasLayer]:
    """In the order of the nodes; a node with normalisation or activation is up to three layers."""
    layers: list[_KerasLayer] = []
    ends: list[str] = []
    for index, node in enumerate(net.nodes):
        reads, shape = tuple(ends[i] for i in node.inputs), net.shapes[index]
        for kind, suffix, config, variables in _parts(node.layer, net.input_shapes(index), weights[index]):
            name = "x" if isinstance(node.layer, Input) else f"n{index}_{suffix}"
            layers.append(_KerasLayer(name, kind, config, reads, shape, variables))
            reads = (name,)
        ends.append(layers[-1].name)
    return layers


_Part = tuple[str, str, dict[str, Any], tuple[Array, ...]]
"""Keras' class, suffix of the name, arguments, variables."""


def _parts(layer: Layer, shapes: Sequence[tuple[int, ...]], given: NodeWeights | None) -> list[_Part]:
    match layer:
        case Conv() | DepthwiseConv() | Dense():
            assert given is not None, "a layer with a kernel has weights"
            return _weighted(layer, shapes[0], given)
        case Input():
            return [("InputLayer", "x", {"batch_shape": [None, *layer.shape], "dtype": "float32"}, ())]
        case Add():
            return [("Add", "add", {}, ()), *_activation(layer.activation)]
    kind, suffix, config = _plain(layer)
    return [(kind, suffix, config, ())]


def _plain(layer: Layer) -> tuple[str, str, dict[str, Any]]:
    match layer:
        case Pool():
            kind = "MaxPooling2D" if layer.kind is PoolKind.MAX else "AveragePooling2D"
            sizes = {"pool_size": [layer.pool_h, layer.pool_w], "strides": [layer.stride_h, layer.stride_w]}
            return kind, "pool", {**sizes, "padding": layer.padding.value.lower()}
        case GlobalAveragePool():
            return "GlobalAveragePooling2D", "mean", {"keepdims": layer.keep_dims}
        case Multiply():
            return "Multiply", "multiply", {}
        case Concat():
            return "Concatenate", "concat", {}
        case Apply():
            return "Activation", "function", {"activation": _FUNCTIONS[layer.function]}
        case Flatten():
            return "Flatten", "flatten", {}
        case SoftmaxLayer():
            return "Softmax", "softmax", {}
    raise ValueError(f"no Keras layer for {layer}")


def _weighted(layer: Conv | DepthwiseConv | Dense, shape: tuple[int, ...], given: NodeWeights) -> list[_Part]:
    kernel = (given.kernel,) if given.bias is None else (given.kernel, given.bias)
    config = {**_kernel_config(layer, shape), "use_bias": given.bias is not None}
    parts: list[_Part] = [(_KERNELS[type(layer)], "kernel", config, kernel)]
    if (norm := given.norm) is not None:
        settings = {"momentum": BATCH_NORM_MOMENTUM, "epsilon": BATCH_NORM_EPSILON}
        variables = (norm.gamma, norm.beta, norm.mean, norm.variance)
        parts.append(("BatchNormalization", "norm", settings, variables))
    return parts + _activation(layer.activation)


_KERNELS: dict[type[Layer], str] = {Conv: "Conv2D", DepthwiseConv: "DepthwiseConv2D", Dense: "Dense"}


def _kernel_config(layer: Conv | DepthwiseConv | Dense, shape: tuple[int, ...]) -> dict[str, Any]:
    if isinstance(layer, Dense):
        return {"units": layer.units}
    stride = (layer.stride_h, layer.stride_w)
    window = {"kernel_size": [layer.kernel_h, layer.kernel_w], "padding": layer.padding.value.lower()}
    if isinstance(layer, Conv):
        return {**window, "filters": layer.filters, "strides": list(stride)}
    return {
        **window,
        "strides": list(equal_strides((None, *shape), stride)),
        "dilation_rate": [layer.dilation_h, 1],
    }


def _activation(activation: Activation) -> list[_Part]:
    match activation:
        case Activation.NONE:
            return []
        case Activation.RELU:
            return [("ReLU", "relu", {}, ())]
        case Activation.RELU6:
            return [("ReLU", "relu6", {"max_value": 6.0}, ())]
    raise ValueError(f"no Keras layer for {activation}")


def _config(layers: Sequence[_KerasLayer]) -> dict[str, Any]:
    """The functional model as Keras serializes it; arguments with Keras' defaults are left out."""
    shapes = {layer.name: layer.shape for layer in layers}
    return {
        "module": "keras.src.models.functional",
        "class_name": "Functional",
        "config": {
            "name": "network",
            "trainable": True,
            "layers": [_layer_config(layer, shapes) for layer in layers],
            "input_layers": [layers[0].name, 0, 0],
            "output_layers": [layers[-1].name, 0, 0],
        },
        "registered_name": "Functional",
        "build_config": {"input_shape": None},
    }


def _layer_config(layer: _KerasLayer, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any]:
    tensors = [_tensor(name, shapes[name]) for name in layer.reads]
    arguments = [tensors] if layer.kind in _JOINS else tensors
    calls: list[dict[str, Any]] = [{"args": arguments, "kwargs": {}}] if tensors else []
    return {
        "module": "keras.layers",
        "class_name": layer.kind,
        "config": {"name": layer.name, **layer.config},
        "registered_name": None,
        "name": layer.name,
        "inbound_nodes": calls,
    }


def _tensor(name: str, shape: tuple[int, ...]) -> dict[str, Any]:
    config = {"shape": [None, *shape], "dtype": "float32", "keras_history": [name, 0, 0]}
    return {"class_name": "__keras_tensor__", "config": config}


def _in_order_of_keras(layers: Sequence[_KerasLayer]) -> list[_KerasLayer]:
    """By the longest way to the output, then as first met on a walk back from it: by that order, Keras
    numbers the layers of a class in the file of weights.
    """
    named = {layer.name: layer for layer in layers}
    depths = dict.fromkeys(named, 0)
    for layer in reversed(layers):
        for name in layer.reads:
            depths[name] = max(depths[name], depths[layer.name] + 1)
    met: dict[str, int] = {}
    ahead = [layers[-1].name]
    while ahead:
        name = ahead.pop()
        if name not in met:
            met[name] = len(met)
            ahead.extend(reversed(named[name].reads))
    return sorted(layers, key=lambda layer: (-depths[layer.name], met[layer.name]))


def _weights_file(layers: Sequence[_KerasLayer]) -> bytes:
    import h5py

    stream, numbers = io.BytesIO(), Counter[str]()
    with h5py.File(stream, "w") as file:
        file.create_group("vars").attrs["name"] = "network"
        for layer in layers:
            kind = _FILE_NAMES[layer.kind]
            number, numbers[kind] = numbers[kind], numbers[kind] + 1
            group = file.create_group(f"layers/{kind}_{number}/vars" if number else f"layers/{kind}/vars")
            group.attrs["name"] = layer.name
            for index, array in enumerate(layer.variables):
                group.create_dataset(str(index), data=array)
    return stream.getvalue()
