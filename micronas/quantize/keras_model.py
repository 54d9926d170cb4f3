"""Any Keras model or SavedModel -> int8 .tflite file, read again and compared with the float network.

The networks of a search are converted by ``quantize``, which proves every weight against the ``Net``. A
model of the user's has no ``Net``: it is proven to be int8 throughout, with a plausible input scale, and its
outputs are compared with those of the float network on the calibration samples, by the exact interpreter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from micronas.errors import ModelError, QuantizeError
from micronas.model.graph import Graph
from micronas.model.interpreter import run_batch
from micronas.model.tflite import read_bytes
from micronas.quantize.calibration import check_calibration
from micronas.quantize.convert import convert_function
from micronas.quantize.proof import check_scales
from micronas.quantize.witness import Witness, ask_witness
from micronas.train.tf_logging import import_tensorflow

LARGEST_ERROR = 0.5
"""Root mean square difference between int8 and float outputs, as a share of the float outputs' spread."""


@dataclass(frozen=True)
class Converted:
    """An int8 file, and how far its outputs are from the float network's on ``samples`` calibration samples.

    ``relative_error`` is the root mean square difference over the float outputs' standard deviation.
    ``same_answers`` is the share of samples with the same largest output. ``witness`` is what a second
    interpreter computed of the file on the same samples.
    """

    tflite: bytes
    relative_error: float
    same_answers: float
    samples: int
    witness: Witness


@dataclass(frozen=True)
class _Function:
    """A float network as TensorFlow calls it: with one sample, and with many if ``takes_batches``."""

    call: Callable[[Any], Any]
    input_shape: tuple[int, ...]
    takes_batches: bool = True
    layers: tuple[Any, ...] = ()

    def outputs(self, tf: Any, samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """The outputs for all ``samples``, as (samples, values)."""
        parts = [samples] if self.takes_batches else np.split(samples, len(samples))
        made = [np.asarray(self.call(tf.constant(part)), np.float32) for part in parts]
        return np.concatenate(made).reshape(len(samples), -1)


def convert_keras(model: Any, calibration: npt.NDArray[Any], *, name: str = "model") -> Converted:
    """Quantize ``model``, a ``keras.Model`` or the path of a .keras, .h5 or SavedModel, to int8.

    ``calibration`` is float32 (samples, *input shape), 50 to 200 samples prepared as for training. Raises
    ``QuantizeError`` with the reason, and ``ModelError`` for what cannot be loaded.
    """
    tf = import_tensorflow()
    function = _function(tf, model)
    _refuse_stateful(function.layers)
    samples = check_calibration(_as_taken(calibration, function.input_shape), function.input_shape)
    with _unrolled(function.layers):
        data = convert_function(function.call, function.input_shape, samples)
    try:
        graph = read_bytes(data, f"{name}.tflite")
    except ModelError as error:
        raise QuantizeError(
            f"{name}: the converted file cannot be used: {error.message}", remedy=error.remedy
        ) from error
    check_scales(graph, samples, may_hold_constants=True)
    return _compared(data, graph, samples, function.outputs(tf, samples), name)


def _as_taken(calibration: npt.NDArray[Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """``calibration`` without, or with, dimensions of 1: sensor windows are (time, 1, channels) in micronas
    and (time, channels) in Keras' recurrent and 1-D layers.
    """
    if not isinstance(calibration, np.ndarray) or calibration.ndim == 0:
        return calibration
    sizes = [tuple(size for size in form if size != 1) for form in (calibration.shape[1:], shape)]
    return calibration.reshape(len(calibration), *shape) if sizes[0] == sizes[1] else calibration


def _compared(
    data: bytes, graph: Graph, samples: npt.NDArray[np.float32], wanted: npt.NDArray[np.float32], name: str
) -> Converted:
    given, made = graph.tensors[graph.inputs[0]].quant, graph.tensors[graph.outputs[0]].quant
    assert given is not None, "the reader refuses a network without quantized input"
    assert made is not None, "the reader refuses a network without quantized output"
    x = np.clip(np.rint(samples / np.float32(given.scale[0])) + given.zero_point[0], -128, 127).astype(
        np.int8
    )
    outputs = run_batch(graph, [x])[0].reshape(len(samples), -1)
    real = (outputs.astype(np.float32) - made.zero_point[0]) * np.float32(made.scale[0])
    error = float(np.sqrt(np.mean((real - wanted) ** 2)) / max(float(wanted.std()), 1e-12))
    if error > LARGEST_ERROR:
        raise QuantizeError(
            f"{name}: int8 outputs differ from the float ones by {error:.2f} of their spread, "
            f"{LARGEST_ERROR:g} allowed",
            remedy="calibrate with samples prepared exactly like those of training",
        )
    same = float(np.mean(real.argmax(axis=1) == wanted.argmax(axis=1)))
    return Converted(data, error, same, len(samples), ask_witness(data, graph, [x]).witness)


def _function(tf: Any, model: Any) -> _Function:
    if isinstance(model, str | Path):
        path = Path(model)
        if not path.exists():
            raise ModelError(f"{path}: file not found")
        if path.is_dir():
            return _saved_model(tf, path)
        model = load_keras(path)
    if not hasattr(model, "input_shape") or not callable(model):
        raise ModelError(f"a {type(model).__name__} is not a Keras model")
    shape = model.input_shape
    if isinstance(shape, list | dict) or isinstance(model.output_shape, list | dict):
        raise ModelError("the model has several inputs or outputs; conversion takes one of each")
    return _Function(
        lambda x: model(x, training=False),
        _fixed(shape),
        takes_batches=shape[0] is None,
        layers=tuple(_layers_of(model)),
    )


def _layers_of(layer: Any) -> Iterator[Any]:
    """``layer`` and all that it holds; a wrapper such as Bidirectional keeps them under other names."""
    yield layer
    wrapped = (getattr(layer, name, None) for name in ("forward_layer", "backward_layer", "layer"))
    for inner in (*getattr(layer, "layers", ()), *wrapped):
        if inner is not None:
            yield from _layers_of(inner)


def _refuse_stateful(layers: Sequence[Any]) -> None:
    kept = [layer.name for layer in layers if hasattr(layer, "unroll") and getattr(layer, "stateful", False)]
    if kept:
        raise QuantizeError(
            f"layer {kept[0]} keeps its state between calls (stateful=True), and the converter cannot "
            "quantize that",
            remedy="build it without stateful=True and copy its weights; it then takes a whole window",
        )


@contextmanager
def _unrolled(layers: Sequence[Any]) -> Iterator[None]:
    """Recurrent layers step by step instead of in a loop, which the converter cannot quantize.

    Their cells multiply gate by gate (Keras' ``implementation`` 1): the converter leaves the SPLIT of a joint
    product in float where the ranges of its parts do not suit it, in GRU layers always. And they have no
    dropout, for which Keras draws numbers in inference too.
    """
    wanted: list[tuple[Any, str, Any]] = [(layer, "unroll", True) for layer in layers]
    for cell in _cells(layers):
        wanted += [(cell, "implementation", 1), (cell, "dropout", 0.0), (cell, "recurrent_dropout", 0.0)]
    kept = [(one, name, getattr(one, name)) for one, name, _ in wanted if hasattr(one, name)]
    for one, name, value in wanted:
        if hasattr(one, name):
            setattr(one, name, value)
    try:
        yield
    finally:
        for one, name, value in kept:
            setattr(one, name, value)


def _cells(layers: Sequence[Any]) -> Iterator[Any]:
    """The cells of recurrent layers, those of stacked cells one by one."""
    for layer in layers:
        cell = getattr(layer, "cell", None)
        if cell is not None:
            yield from getattr(cell, "cells", (cell,))


def load_keras(path: Path) -> Any:
    """The Keras model of a .keras or .h5 file; raises ``ModelError`` for what Keras does not read."""
    import_tensorflow()  # quietly
    import keras

    try:
        return keras.models.load_model(path, compile=False)
    except Exception as error:  # Keras raises whatever its readers raise
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise ModelError(f"{path}: not a model that Keras reads: {reason[0]}") from error


def _saved_model(tf: Any, folder: Path) -> _Function:
    try:
        loaded = tf.saved_model.load(str(folder))
        signature = loaded.signatures["serving_default"]
    except Exception as error:  # likewise
        raise ModelError(f"{folder}: not a SavedModel with a serving signature: {error}") from error
    inputs, outputs = signature.structured_input_signature[1], signature.structured_outputs
    if len(inputs) != 1 or len(outputs) != 1:
        raise ModelError(
            f"{folder}: {len(inputs)} inputs and {len(outputs)} outputs; conversion takes one of each"
        )
    ((name, spec),), (output,) = inputs.items(), outputs

    def call(x: Any) -> Any:
        _ = loaded  # it holds the variables
        return signature(**{name: x})[output]

    # Converters from other frameworks fix the batch to 1, some within the graph only.
    return _Function(call, _fixed(tuple(spec.shape)), takes_batches=False)


def _fixed(shape: tuple[int | None, ...]) -> tuple[int, ...]:
    """The shape without the batch; every other size must be known."""
    sizes = [size for size in shape[1:] if size is not None]
    if len(sizes) != len(shape) - 1:
        raise ModelError(
            f"the model's input {shape} has an undefined dimension",
            remedy="set every dimension except the batch",
        )
    return tuple(sizes)
