"""Quantization-aware training of a network that was built to suffer from int8."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from micronas.config import DataConfig
from micronas.data import load
from micronas.estimate.accuracy import int8_figure
from micronas.model.net import Conv, Dense, DepthwiseConv, GlobalAveragePool, NetBuilder, SoftmaxLayer

pytest.importorskip("tensorflow")

from micronas.estimate.quantization_aware import QuantizationAware, train_quantized
from micronas.quantize import quantize
from micronas.train.evaluate import SplitEvaluator
from micronas.train.settings import TrainSettings
from micronas.train.tf_model import TfModel
from micronas.train.train import dataset_objective, train
from micronas.train.weights import fold

DIGITS = DataConfig(name="digits")
SCALES = np.geomspace(1.0, 512.0, 8).astype(np.float32)


def stretched(weights):
    """The same float function, with channels of very different ranges after the first layer.

    int8 has one scale for all of them, so that the weak channels have a step or two. The depthwise layer,
    whose weights have a scale per channel, takes the factors back.
    """
    first, second = weights[1], weights[2]
    norm = replace(first.norm, gamma=first.norm.gamma * SCALES, beta=first.norm.beta * SCALES)
    kernel = second.kernel / SCALES[:, np.newaxis]
    # The normalisation behind the depthwise kernel sees the same values as before.
    return (weights[0], replace(first, norm=norm), replace(second, kernel=kernel), *weights[3:])


@pytest.fixture(scope="module")
def suffering():
    dataset = load(DIGITS)
    builder = NetBuilder((8, 8, 1))
    net = builder.chain(
        Conv(8, 3, 3), DepthwiseConv(3, 3), Conv(16, 1, 1), GlobalAveragePool(), Dense(10), SoftmaxLayer()
    ).build()
    model = train(net, dataset, TrainSettings(epochs=10, learning_rate=0.03), 0).model
    model.set_weights(stretched(model.get_weights()))
    return net, dataset, model


def test_at_least_half_of_the_drop_is_recovered(suffering):
    net, dataset, model = suffering
    of_float = SplitEvaluator(model, dataset.validation, dataset.task).score().accuracy
    copy = TfModel(net)
    copy.set_weights(model.get_weights())
    found = train_quantized(
        copy, net, dataset, dataset_objective(dataset, 0.0, False), epochs=9, batch_size=32,
        learning_rate=0.03, augment=0.0, calibration_samples=100, seed=0,
    )  # fmt: skip
    assert of_float - found.before > 0.10  # it does suffer
    assert found.after - found.before >= 0.5 * (of_float - found.before)
    tflite = quantize(copy, net, dataset.calibration(100, 0), input_range=dataset.input_range)
    assert int8_figure(tflite, dataset, dataset.validation) == found.after


def test_without_time_for_an_epoch_nothing_changes(suffering):
    net, dataset, model = suffering
    before = fold(model.get_weights())
    found = train_quantized(
        model, net, dataset, dataset_objective(dataset, 0.0, False), epochs=6, batch_size=32,
        learning_rate=0.03, augment=0.0, calibration_samples=100, seed=0, in_time=lambda: False,
    )  # fmt: skip
    assert (found.epochs, found.kept_epoch) == (0, 0)
    assert "did not improve on int8" in str(found)
    np.testing.assert_array_equal(fold(model.get_weights())[1].kernel, before[1].kernel)


def test_what_is_said():
    assert str(QuantizationAware(0.8, 0.9, 6, 4)) == (
        "quantization-aware training for 6 epochs: int8 80.0 % to 90.0 % on validation data"
    )
