"""The int8 accuracy against TFLite Micro's own runtime, and the full estimate of one candidate."""

import pickle

import numpy as np
import pytest

from micronas.config import DataConfig
from micronas.data import load
from micronas.errors import TrainError
from micronas.estimate.accuracy import Int8Accuracy, collapse, int8_accuracy, quantized
from micronas.model.graph import Quant
from micronas.model.net import Conv, Dense, GlobalAveragePool, NetBuilder, SoftmaxLayer
from micronas.train.settings import TrainSettings
from micronas.train.time_limit import TimeLimit

pytest.importorskip("tensorflow")

from micronas.estimate.full import cached_dataset, estimate

DIGITS = DataConfig(name="digits")


@pytest.fixture(scope="module")
def net():
    builder = NetBuilder((8, 8, 1))
    return builder.chain(
        Conv(8, 3, 3), Conv(16, 3, 3, 2, 2), GlobalAveragePool(), Dense(10), SoftmaxLayer()
    ).build()


@pytest.fixture(scope="module")
def estimated(net):
    return estimate(net, DIGITS, TrainSettings(epochs=8, learning_rate=0.03), seed=0)


def test_an_estimate_is_complete_and_travels(estimated, net):
    assert estimated.quality_int8 > 0.7
    assert abs(estimated.quality_int8 - estimated.quality_float) < 0.03
    assert (estimated.epochs, estimated.macs, estimated.parameters) == (8, net.macs, net.parameters)
    assert estimated.cpu_s > 0
    assert pickle.loads(pickle.dumps(estimated)) == estimated


def test_int8_accuracy_equals_what_tflite_micro_answers(estimated):
    runtime = pytest.importorskip("tflite_micro.python.tflite_micro.runtime")
    validation = load(DIGITS).validation
    interpreter = runtime.Interpreter.from_bytes(estimated.tflite, arena_size=100_000)
    details = interpreter.get_input_details(0)["quantization_parameters"]
    scale, zero_point = details["scales"][0], details["zero_points"][0]
    hits = 0
    for x, y in zip(validation.x, validation.y, strict=True):
        q = np.clip(np.rint(x / scale) + zero_point, -128, 127).astype(np.int8)
        interpreter.set_input(q[np.newaxis], 0)
        interpreter.invoke()
        hits += int(interpreter.get_output(0).argmax() == y)
    ours = int8_accuracy(estimated.tflite, validation.x, validation.y)
    assert ours.accuracy == pytest.approx(hits / len(validation.y))
    assert ours.accuracy == estimated.quality_int8


def test_equal_arguments_give_the_equal_file(estimated, net):
    again = estimate(net, DIGITS, TrainSettings(epochs=8, learning_rate=0.03), seed=0)
    assert again.tflite == estimated.tflite


def test_failures_pass_through_by_their_stage(net):
    with pytest.raises(TrainError):
        estimate(net, DIGITS, TrainSettings(), seed=0, limit=TimeLimit(cpu_s=0.0))


def test_a_process_loads_its_data_once():
    assert cached_dataset(DIGITS) is cached_dataset(DataConfig(name="digits"))
    assert cached_dataset(DIGITS) is not cached_dataset(DataConfig(name="digits", split_seed=1))


def test_quantized_rounds_shifts_and_clamps():
    x = np.array([-9.0, -0.5, 0.0, 0.24, 0.26, 9.0], np.float32)
    assert quantized(x, Quant((0.5,), (-3,))).tolist() == [-21, -4, -3, -3, -2, 15]
    assert quantized(np.array([-1e3, 1e3], np.float32), Quant((0.5,), (0,))).tolist() == [-128, 127]


def test_a_collapse_is_reported():
    assert "same class for every sample" in collapse(Int8Accuracy(0.1, 1.0), 0.9)
    assert "0.700 against 0.900" in collapse(Int8Accuracy(0.7, 0.2), 0.9)
    assert collapse(Int8Accuracy(0.89, 0.2), 0.9) == ""
