"""Small networks as TensorFlow's converter writes them, one per common op: read, and equal to TFLite Micro.

``test_converted_ops.py`` has the rarer ops.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from micronas.model.interpreter import run_batch
from micronas.model.tflite import read_bytes
from tests.support.model_runner import run_on_host
from tests.support.oracle import random_inputs, run_tflm

IMAGE, VECTOR = (6, 6, 4), (10,)


def layers() -> dict[str, tuple[tuple[int, ...], Callable[[Any], Any]]]:
    """What it is called -> shape of one sample, and the function to convert."""
    import tensorflow as tf

    rng = np.random.default_rng(3)

    def weights(*shape: int):
        return tf.constant(rng.normal(0.0, 0.3, shape), tf.float32)

    kernel, planes, dense = weights(3, 3, 4, 5), weights(3, 3, 4, 1), weights(10, 6)
    prelu = tf.keras.layers.PReLU(shared_axes=[1, 2], alpha_initializer="he_normal")
    prelu.build((1, *IMAGE))
    same = {"strides": 1, "padding": "SAME"}
    return {
        "ADD": (IMAGE, lambda x: x + 2.0 * tf.nn.relu(x)),
        "SUB": (IMAGE, lambda x: x - tf.nn.relu(x)),
        "MUL": (IMAGE, lambda x: x * tf.nn.sigmoid(x)),
        "MAXIMUM": (IMAGE, lambda x: tf.maximum(x, -0.5)),
        "MINIMUM": (IMAGE, lambda x: tf.minimum(x, 0.5)),
        "CONV_2D": (IMAGE, lambda x: tf.nn.relu(tf.nn.conv2d(x, kernel, **same) + tf.ones(5))),
        "CONV_2D dilated": (IMAGE, lambda x: tf.nn.conv2d(x, kernel, 1, "SAME", dilations=2)),
        "DEPTHWISE_CONV_2D": (IMAGE, lambda x: tf.nn.depthwise_conv2d(x, planes, (1, 2, 2, 1), "SAME")),
        "FULLY_CONNECTED": (VECTOR, lambda x: tf.nn.relu6(tf.matmul(x, dense) + tf.ones(6))),
        "AVERAGE_POOL_2D": (IMAGE, lambda x: tf.nn.avg_pool2d(x, 3, 2, "SAME")),
        "MAX_POOL_2D": (IMAGE, lambda x: tf.nn.max_pool2d(x, 3, 2, "VALID")),
        "MEAN": (IMAGE, lambda x: tf.reduce_mean(x, axis=[1, 2])),
        "SUM": (IMAGE, lambda x: tf.reduce_sum(x, axis=3, keepdims=True)),
        "SOFTMAX": (VECTOR, tf.nn.softmax),
        "LOGISTIC": (VECTOR, tf.nn.sigmoid),
        "TANH": (VECTOR, tf.nn.tanh),
        "RELU": (VECTOR, tf.nn.relu),
        "LEAKY_RELU": (VECTOR, lambda x: tf.nn.leaky_relu(x, 0.1)),
        "HARD_SWISH": (VECTOR, lambda x: x * tf.nn.relu6(x + 3.0) * (1.0 / 6.0)),
        "PRELU": (IMAGE, prelu),
        "CONCATENATION": (IMAGE, lambda x: tf.concat([x, tf.nn.relu(x)], axis=3)),
        "RESHAPE": (IMAGE, lambda x: tf.reshape(x, (1, 36, 4))),
        "PAD": (IMAGE, lambda x: tf.pad(x, [[0, 0], [1, 2], [0, 1], [0, 0]])),
        "PADV2": (
            IMAGE,
            lambda x: tf.pad(tf.nn.relu(x), [[0, 0], [1, 0], [0, 1], [0, 0]], constant_values=1.0),
        ),
        "TRANSPOSE": (IMAGE, lambda x: tf.transpose(x, (0, 2, 1, 3))),
        "STRIDED_SLICE": (IMAGE, lambda x: x[:, 1:5:2, ::2, 1:3]),
        "SPLIT": (IMAGE, lambda x: tf.split(x, 2, axis=3)),
        "RESIZE_NEAREST_NEIGHBOR": (IMAGE, lambda x: tf.image.resize(x, (12, 12), "nearest")),
    }


def converted(
    shape: tuple[int, ...], layer: Callable[[Any], Any], *, batch: int | None = 1, rim: str = "int8"
) -> bytes:
    import tensorflow as tf

    rng = np.random.default_rng(5)
    signature = [tf.TensorSpec((batch, *shape), tf.float32)]
    function = tf.function(layer, input_signature=signature).get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.representative_dataset = lambda: (
        [rng.normal(0.0, 2.0, (1, *shape)).astype(np.float32)] for _ in range(10)
    )
    converter.inference_input_type = converter.inference_output_type = getattr(tf, rim)
    return converter.convert()


def files() -> dict[str, bytes]:
    import tensorflow as tf

    made = {name: converted(*of) for name, of in layers().items()}
    image, depthwise = layers()["DEPTHWISE_CONV_2D"]
    made |= {f"{rim} rim": converted(image, depthwise, rim=rim) for rim in ("uint8", "float32")}

    def flattened(x):
        return tf.reshape(tf.nn.relu(x), (tf.shape(x)[0], 144))

    return made | {"RESHAPE of any batch": converted(image, flattened, batch=None)}


@pytest.mark.slow
def test_what_the_converter_writes_is_read_and_exact(tmp_path: Path) -> None:
    pytest.importorskip("tensorflow")
    rng, cases, wanted = np.random.default_rng(1), [], []
    for name, data in files().items():
        graph = read_bytes(data, name)
        kind = name.split()[0]
        assert not kind.isupper() or kind in {op.kind for op in graph.ops}, name
        inputs = random_inputs(graph, rng, samples=3)
        wanted.append(run_tflm(graph, inputs, data))
        for ours, theirs in zip(run_batch(graph, inputs), wanted[-1], strict=True):
            np.testing.assert_array_equal(ours, theirs, err_msg=name)
        cases.append((graph, inputs))
    for (graph, _), got, want in zip(cases, run_on_host(cases, tmp_path), wanted, strict=True):
        assert [g.tobytes() for g in got] == [w.tobytes() for w in want], graph.name
