"""Networks that keep states, as TensorFlow's converter writes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

FRAME = (1, 3, 8)
"""Rows of features that each run brings."""


def streaming_model() -> bytes:
    """Two causal convolutions over a stream, each with a variable of the rows that it still needs; int8."""
    import tensorflow as tf

    module = _module()
    function = tf.function(module.step, input_signature=[tf.TensorSpec(FRAME, tf.float32)])
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()], module)
    rng = np.random.default_rng(0)
    converter.representative_dataset = lambda: (
        [rng.normal(0.0, 1.0, FRAME).astype(np.float32)] for _ in range(50)
    )
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.experimental_enable_resource_variables = True
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    converter._experimental_variable_quantization = True
    return converter.convert()


def _module():
    import tensorflow as tf

    rng = np.random.default_rng(3)

    def weights(*shape: int):
        return tf.constant(rng.normal(0.0, 0.4, shape), tf.float32)

    class Streaming(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = tf.Variable(tf.zeros((1, 2, 1, 8)), name="first")
            self.second = tf.Variable(tf.zeros((1, 4, 1, 6)), name="second")
            self.kernels = (weights(5, 1, 8, 6), weights(5, 1, 6, 1), weights(6, 4))

        def step(self, x):
            rows = tf.concat([self.first, tf.reshape(x, (1, 3, 1, 8))], axis=1)
            self.first.assign(rows[:, -2:])
            hidden = tf.nn.relu(tf.nn.conv2d(rows, self.kernels[0], 1, "VALID"))
            memory = tf.concat([self.second, hidden], axis=1)
            self.second.assign(memory[:, -4:])
            mixed = tf.nn.depthwise_conv2d(memory, self.kernels[1], (1, 1, 1, 1), "VALID")
            return tf.nn.softmax(tf.matmul(tf.reshape(mixed, (1, 6)), self.kernels[2]))

    return Streaming()


LSTM_INPUT = (1, 6, 4)
_UNITS = 8


def lstm_model(folder: Path) -> bytes:
    """An LSTM over six steps as an int8 UNIDIRECTIONAL_SEQUENCE_LSTM; ``folder`` holds the saved model.

    The converter fuses a function that declares itself a Keras LSTM, as Keras 2 wrote them. Those of Keras 3
    become a loop.
    """
    import tensorflow as tf

    module = _lstm_module()
    tf.saved_model.save(module, str(folder), signatures=module.run.get_concrete_function())
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder))
    rng = np.random.default_rng(0)
    converter.representative_dataset = lambda: (
        [rng.normal(0.0, 1.0, LSTM_INPUT).astype(np.float32)] for _ in range(30)
    )
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    return converter.convert()


def _lstm_module():
    import tensorflow as tf

    rng = np.random.default_rng(0)
    shapes = ((LSTM_INPUT[2], 4 * _UNITS), (_UNITS, 4 * _UNITS), (4 * _UNITS,))
    weights = [rng.normal(0.0, 0.4, shape).astype(np.float32) for shape in shapes]

    def lstm(x, h, c, kernel, recurrent, bias):
        outputs = []
        for step in range(LSTM_INPUT[1]):
            sums = tf.matmul(x[:, step], kernel) + tf.matmul(h, recurrent) + bias
            update, forget, proposed, output = tf.split(sums, 4, axis=1)
            c = tf.sigmoid(forget) * c + tf.sigmoid(update) * tf.tanh(proposed)
            h = tf.sigmoid(output) * tf.tanh(c)
            outputs.append(h)
        return h, tf.stack(outputs, axis=1), h, c, tf.constant(1.0)

    declared = {
        "api_implements": "lstm_one",
        "api_preferred_device": "CPU",
        "go_backwards": False,
        "time_major": False,
    }

    class Module(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm = tf.function(lstm, autograph=False, experimental_attributes=declared)

        @tf.function(input_signature=[tf.TensorSpec(LSTM_INPUT, tf.float32)])
        def run(self, x):
            zeros = tf.zeros((1, _UNITS))
            return self.lstm(x, zeros, zeros, *(tf.constant(w) for w in weights))[1]

    return Module()
