"""The noise of each int8 layer, against figures that follow from how the network was built."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from micronas.model.net import (
    Add,
    Conv,
    Dense,
    DepthwiseConv,
    Flatten,
    GlobalAveragePool,
    NetBuilder,
    SoftmaxLayer,
)
from micronas.quantize.layer_report import LayerReport, QuantizedLayer, layer_report_from_json

pytest.importorskip("tensorflow")

from micronas.quantize import quantize
from micronas.quantize.layer_report import layer_report
from micronas.train.keras_backend import keras_model, set_weights
from micronas.train.weights import initial_weights


@pytest.fixture(scope="module")
def net():
    builder = NetBuilder((8, 8, 1))
    first = builder.add(Conv(8, 3, 3))
    builder.chain(Conv(8, 3, 3))
    builder.add(Add(), first, builder.last)
    return builder.chain(GlobalAveragePool(), Dense(4), SoftmaxLayer()).build()


@pytest.fixture(scope="module")
def samples():
    return np.random.default_rng(0).uniform(0, 1, (40, 8, 8, 1)).astype(np.float32)


@pytest.fixture(scope="module")
def report(net, samples):
    weights = initial_weights(net, 0)
    return layer_report(net, weights, quantize(weights, net, samples), samples[:16])


def test_every_op_has_its_range_and_its_noise(report, net):
    assert [layer.op for layer in report.layers] == list(range(-1, len(net.nodes) - 1))
    assert [layer.kind for layer in report.layers][:4] == ["INPUT", "CONV_2D", "CONV_2D", "ADD"]
    for layer in report.layers[:-1]:
        assert layer.int8_low <= layer.low + 0.01 * abs(layer.low) + 1e-6
        assert layer.int8_high >= layer.high - 0.01 * abs(layer.high)
        assert layer.saturated == 0.0  # calibrated on these samples
        assert 20 < layer.snr_db < 70
    softmax = report.layers[-1]
    assert (softmax.int8_low, softmax.int8_high) == (0.0, pytest.approx(255 / 256))


def test_the_float_values_are_those_of_the_keras_network(report, net, samples):
    model = keras_model(net, probabilities=True)
    set_weights(model, initial_weights(net, 0))
    outputs = np.asarray(model(samples[:16], training=False))
    assert report.layers[-1].high == pytest.approx(float(outputs.max()), rel=1e-5)


def test_a_stream_may_step_along_time_alone():
    """Outside of a trace, TensorFlow's depthwise convolution takes equal strides only."""
    net = NetBuilder((16, 1, 3)).chain(Conv(4, 3, 1), DepthwiseConv(3, 1, 2, 1), Flatten(), Dense(2)).build()
    weights = initial_weights(net, 0)
    x = np.random.default_rng(1).uniform(-1, 1, (12, 16, 1, 3)).astype(np.float32)
    found = layer_report(net, weights, quantize(weights, net, x), x)
    assert "DEPTHWISE_CONV_2D" in [layer.kind for layer in found.layers]
    assert min(layer.snr_db for layer in found.layers) > 20


def test_a_range_that_is_too_narrow_saturates(net, samples):
    """Calibrated on a quarter of the inputs' range, three quarters of the uniform inputs are outside."""
    weights = initial_weights(net, 0)
    found = layer_report(net, weights, quantize(weights, net, 0.25 * samples), samples[:16])
    assert found.layers[0].saturated == pytest.approx(0.75, abs=0.02)
    assert found.layers[0].snr_db < 5
    assert "INPUT saturates in" in str(found)
    assert found.costliest.added_noise == max(layer.added_noise for layer in found.layers)
    assert f"{found.costliest.kind} {found.costliest.op}" in str(found)


def test_most_noise_is_a_share_of_the_signal_and_not_decibels():
    def layer(op: int, snr_db: float, lost_db: float) -> QuantizedLayer:
        return QuantizedLayer(op, "CONV_2D", (4,), 0.0, 1.0, 0.0, 1.0, 0.0, snr_db, lost_db)

    exact = layer(-1, 120.0, 0.0)
    first, second = layer(0, 43.0, 77.0), layer(1, 30.0, 13.0)  # 0.00005 and 0.00095 of the signal
    found = LayerReport(1, (exact, first, second))
    assert found.costliest is second
    assert [one.is_exact for one in found.layers] == [True, False, False]
    assert [one.reads_exact for one in found.layers] == [True, True, False]
    assert second.added_noise == pytest.approx(1e-3 - 10**-4.3)
    assert str(found) == "output 30.0 dB above its noise, most of it from CONV_2D 1 (4): 43.0 to 30.0 dB"


def test_the_report_is_stored_and_read(report):
    assert layer_report_from_json(json.loads(json.dumps(report.to_json()))) == report
    assert replace(report, samples=1) != report
