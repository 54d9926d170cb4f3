"""The TensorFlow part of quantization: from folded weights and samples to the converter's file.

TFLite's converter first turns a TensorFlow function into a float file, then calibrates and quantizes that.
The float file of a ``Net`` is known, so it is written here, and only the second half runs: 0.02 CPU seconds,
where the whole converter takes 0.1 to 0.2 for a traced function of constants and 0.5 to 0.8 for a Keras
model. A test compares the bytes.

The whole converter runs for a Keras model, and where this TensorFlow has its second half elsewhere.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from micronas.errors import QuantizeError
from micronas.model.net import Conv, Dense, DepthwiseConv, Net, SoftmaxLayer
from micronas.model.tflite.writer import write as write_tflite
from micronas.quantize.float_graph import float_graph, kept_bias
from micronas.train.tf_logging import captured_stderr, import_tensorflow
from micronas.train.weights import Folded

_LOOPS = frozenset({"While", "StatelessWhile"})


def convert(net: Net, weights: tuple[Folded | None, ...], samples: npt.NDArray[np.float32]) -> bytes:
    """The TFLite converter's full-int8 file for ``net`` with ``weights``, calibrated on ``samples``."""
    with _converter_errors():
        quantizer = _quantizer(import_tensorflow())
        if quantizer is not None:
            return quantizer(write_tflite(float_graph(net, weights)), samples)
    return convert_traced(net, weights, samples)


def convert_traced(net: Net, weights: tuple[Folded | None, ...], samples: npt.NDArray[np.float32]) -> bytes:
    """The same by the whole converter."""
    return convert_function(
        lambda x: float_values(import_tensorflow(), net, weights, x)[-1],
        net.input_shape,
        samples,
        metadata=False,
    )


def _quantizer(tf: Any) -> Callable[[bytes, npt.NDArray[np.float32]], bytes] | None:
    """The second half of ``TFLiteConverter``; None if this TensorFlow does not have it where 2.21 has."""
    try:
        from tensorflow.lite.python.convert import mlir_quantize
        from tensorflow.lite.python.optimize.calibrator import Calibrator, add_intermediate_tensors
    except ImportError:
        return None

    def quantizer(data: bytes, samples: npt.NDArray[np.float32]) -> bytes:
        calibrated = Calibrator(add_intermediate_tensors(data)).calibrate(lambda: _one_by_one(samples))
        return bytes(mlir_quantize(calibrated, input_data_type=tf.int8, output_data_type=tf.int8))

    return quantizer


def convert_function(
    function: Callable[[Any], Any],
    input_shape: tuple[int, ...],
    samples: npt.NDArray[np.float32],
    *,
    metadata: bool = True,
) -> bytes:
    """The same for any TensorFlow function of one float32 tensor (batch, *input_shape).

    Without ``metadata``, the converter does not add how the file was made, which takes 0.02 CPU seconds and
    is lost when the file is read and written again.
    """
    with _converter_errors():
        return _convert(import_tensorflow(), function, input_shape, samples, metadata)


@contextlib.contextmanager
def _converter_errors() -> Iterator[None]:
    """The converter's messages are kept off the terminal, and its errors become ``QuantizeError``."""
    with captured_stderr() as log, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except QuantizeError:
            raise
        except Exception as error:  # the converter raises any exception of its passes
            detail = (str(error) or log.text()).strip().splitlines() or ["no reason given"]
            raise QuantizeError(f"the TFLite converter failed: {detail[0]}") from error


def _convert(
    tf: Any,
    function: Callable[[Any], Any],
    input_shape: tuple[int, ...],
    samples: npt.NDArray[np.float32],
    metadata: bool,
) -> bytes:
    spec = tf.TensorSpec((1, *input_shape), tf.float32)
    traced = tf.function(function, autograph=False)
    concrete = traced.get_concrete_function(spec)
    _refuse_loops(concrete.graph.as_graph_def())
    # The model argument (trackable_obj) fails under Keras 3, and there are no variables to track.
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete])
    converter.exclude_conversion_metadata = not metadata
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: _one_by_one(samples)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    return bytes(converter.convert())


def _refuse_loops(graph: Any) -> None:
    """A loop over time steps crashes the converter's process when it calibrates (TensorFlow 2.21)."""
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    loops = sorted({node.op for node in nodes} & _LOOPS)
    if loops:
        raise QuantizeError(
            f"the network repeats a part of itself at run time (TensorFlow's {' and '.join(loops)}), as a "
            "recurrent layer does",
            remedy="pass the .keras file, whose recurrent layers are unrolled for conversion; or build them "
            "with unroll=True, and LSTM and GRU also with implementation=1; or use Conv1D over the window",
        )


def _one_by_one(samples: npt.NDArray[np.float32]) -> Iterator[list[npt.NDArray[np.float32]]]:
    for sample in samples:
        yield [sample[np.newaxis]]


def float_values(tf: Any, net: Net, weights: tuple[Folded | None, ...], x: Any) -> list[Any]:
    """The result of every node of the folded network for a batch ``x``, the input first."""
    from micronas.train.tf_model import activated, weighted_sum, weightless

    traced = not tf.executing_eagerly()
    values = [x]
    for node, folded in zip(net.nodes[1:], weights[1:], strict=True):
        layer, reads = node.layer, [values[i] for i in node.inputs]
        match layer:
            case Conv() | DepthwiseConv() | Dense():
                assert folded is not None, "a layer with a kernel has weights"
                y = weighted_sum(layer, reads[0], tf.constant(folded.kernel), traced=traced) + tf.constant(
                    kept_bias(folded.bias)
                )
                values.append(activated(layer.activation, y))
            case SoftmaxLayer():
                values.append(tf.nn.softmax(reads[0]))
            case _:
                values.append(weightless(layer, reads))
    return values
