"""One-op networks as TensorFlow's converter writes them: read, and equal to TFLite's reference kernels.

It leaves ELU in float32, between a DEQUANTIZE and a QUANTIZE.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from micronas.model.graph import Graph
from micronas.model.interpreter import run_batch
from micronas.model.tflite import read_bytes
from tests.support.model_runner import run_on_host
from tests.support.oracle import random_inputs, run_tflm

SHAPES = {
    "REDUCE_MAX": (4, 6, 3),
    "GELU": (10,),
    "ELU": (10,),
    "LOG_SOFTMAX": (10,),
    "RESIZE_BILINEAR": (3, 4, 2),
    "TRANSPOSE_CONV": (3, 4, 2),
    "BATCH_MATMUL": (4, 3),
    "SPLIT_V": (4, 7),
    "UNPACK": (3, 5),
    "PACK": (3, 5),
    "REVERSE_V2": (3, 5),
    "TILE": (3, 2),
}


def layers(kind: str) -> Callable:
    import tensorflow as tf

    kernel = tf.constant(np.random.default_rng(3).normal(0.0, 0.3, (3, 3, 3, 2)), tf.float32)
    bias = tf.constant([0.5, 1.0, -1.0])
    square = tf.constant(np.random.default_rng(4).normal(0.0, 0.3, (10, 10)), tf.float32)
    return {
        "REDUCE_MAX": lambda x: tf.reduce_max(x, axis=[1, 2]),
        "GELU": lambda x: tf.nn.gelu(x, approximate=True),
        "ELU": lambda x: tf.nn.elu(tf.matmul(x, square)),
        "LOG_SOFTMAX": tf.nn.log_softmax,
        "RESIZE_BILINEAR": lambda x: tf.image.resize(x, (6, 8)),
        "TRANSPOSE_CONV": lambda x: tf.nn.conv2d_transpose(x, kernel, (1, 6, 8, 3), 2) + bias,
        "BATCH_MATMUL": lambda x: tf.matmul(x, x, transpose_b=True),
        "SPLIT_V": lambda x: tf.split(x, [2, 5], axis=2),
        "UNPACK": lambda x: tf.unstack(x, axis=1),
        "PACK": lambda x: tf.stack([x, 2.0 * x], axis=2),
        "REVERSE_V2": lambda x: tf.reverse(x, [1]),
        "TILE": lambda x: tf.tile(x, [1, 2, 3]),
    }[kind]


def converted(kind: str) -> bytes:
    import tensorflow as tf

    rng = np.random.default_rng(5)
    shape, layer = (1, *SHAPES[kind]), layers(kind)
    function = tf.function(layer, input_signature=[tf.TensorSpec(shape, tf.float32)])
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.representative_dataset = lambda: (
        [rng.normal(0.0, 2.0, shape).astype(np.float32)] for _ in range(20)
    )
    converter.inference_input_type = converter.inference_output_type = tf.int8
    return converter.convert()


@pytest.fixture(scope="module")
def models() -> dict[str, tuple[bytes, Graph]]:
    pytest.importorskip("tensorflow")
    files = {kind: converted(kind) for kind in SHAPES}
    return {kind: (data, read_bytes(data, f"{kind}.tflite")) for kind, data in files.items()}


@pytest.mark.slow
def test_the_converter_writes_these_ops_and_they_are_exact(models, tmp_path) -> None:
    rng, cases, wanted = np.random.default_rng(1), [], []
    for kind, (data, graph) in models.items():
        assert kind in [op.kind for op in graph.ops]
        inputs = random_inputs(graph, rng, samples=4)
        # LiteRT's reference kernels register TILE by an older version number than the converter writes
        wanted.append(run_tflm(graph, inputs, None if kind == "TILE" else data))
        for ours, theirs in zip(run_batch(graph, inputs), wanted[-1], strict=True):
            np.testing.assert_array_equal(ours, theirs, err_msg=kind)
        cases.append((graph, inputs))
    for (graph, _), got, want in zip(cases, run_on_host(cases, tmp_path), wanted, strict=True):
        assert [g.tobytes() for g in got] == [w.tobytes() for w in want], graph.name
