"""Calibration data are refused by name, and the scales that they give are checked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from micronas.errors import QuantizeError
from micronas.model.graph import Graph, Quant
from micronas.model.net import Dense, Flatten, NetBuilder, shape_graph
from micronas.quantize.calibration import check_calibration
from micronas.quantize.proof import check_scales
from micronas.space.reference.random_weights import random_weights


def images(count=6, seed=0):
    return np.random.default_rng(seed).uniform(0, 1, (count, 4, 4, 1)).astype(np.float32)


def with_value(value):
    samples = images()
    samples[2, 1, 1, 0] = value
    return samples


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (images().tolist(), "a list, not a NumPy array"),
        (None, "a NoneType, not a NumPy array"),
        ((images() * 255).astype(np.uint8), "dtype uint8"),
        (images()[0], "rank 3, not 4"),
        (images()[..., 0], "rank 3, not 4"),
        (images().transpose(0, 3, 1, 2), r"samples of shape \(1, 4, 4\), not \(4, 4, 1\)"),
        (images(0), "empty"),
        (images(1), "single sample"),
        (with_value(np.nan), "1 of 96 values NaN"),
        (with_value(np.inf), "1 of 96 values NaN or infinite"),
        (np.zeros((6, 4, 4, 1), np.float32), "constant, every value is 0"),
        (np.repeat(images(1), 6, axis=0), "all 6 samples are the same"),
    ],
)
def test_bad_calibration_is_refused_by_name(samples, message):
    with pytest.raises(QuantizeError, match=message) as caught:
        check_calibration(samples, (4, 4, 1))
    assert "training split" in caught.value.remedy


def test_an_outlier_among_many_values_is_refused():
    samples = images(400)
    samples[7, 0, 0, 0] = 1000.0
    with pytest.raises(QuantizeError, match="outlier"):
        check_calibration(samples, (4, 4, 1))


def test_one_class_only_is_refused():
    with pytest.raises(QuantizeError, match=r"only one class \(3\)"):
        check_calibration(images(), (4, 4, 1), labels=np.full(6, 3))
    with pytest.raises(QuantizeError, match="5 labels"):
        check_calibration(images(), (4, 4, 1), labels=np.arange(5))


@pytest.mark.parametrize(
    ("factor", "message"), [(255.0, "outside the training range"), (1 / 255.0, "far narrower")]
)
def test_another_range_than_the_training_data_is_refused(factor, message):
    with pytest.raises(QuantizeError, match=message):
        check_calibration(images() * np.float32(factor), (4, 4, 1), input_range=(0.0, 1.0))


def test_good_calibration_passes_unchanged():
    samples = images()
    checked = check_calibration(samples, (4, 4, 1), labels=np.arange(6), input_range=(0.0, 1.0))
    np.testing.assert_array_equal(checked, samples)


def int8_graph(input_scale: float, output_scale: float = 0.05) -> Graph:
    net = NetBuilder((4, 4, 1)).chain(Flatten(), Dense(3)).build()
    graph = random_weights(shape_graph(net), seed=0)
    (first,), (last,) = graph.inputs, graph.outputs
    tensors = list(graph.tensors)
    tensors[first] = replace(tensors[first], quant=Quant((input_scale,), (0,)))
    tensors[last] = replace(tensors[last], quant=Quant((output_scale,), (0,)))
    return replace(graph, tensors=tuple(tensors))


@pytest.mark.parametrize(
    ("low", "high", "scale"),
    [
        (-1.0, 1.0, 2.0 / 255),
        (0.25, 1.0, 1.0 / 255),  # zero belongs to the range: padding is exact
        (-3.0, -1.0, 3.0 / 255),
    ],
)
def test_the_inputs_scale_is_the_range_over_255_steps(low, high, scale):
    samples = np.linspace(low, high, 2 * 16, dtype=np.float32).reshape(2, 4, 4, 1)
    check_scales(int8_graph(scale), samples)
    check_scales(int8_graph(1.015 * scale), samples)
    for off in (0.97, 1.03, 2.0):
        with pytest.raises(QuantizeError, match="the input's scale is"):
            check_scales(int8_graph(off * scale), samples)


@pytest.mark.parametrize(("scale", "absurd"), [(1e-8, True), (2e-7, False), (9e3, False), (2e4, True)])
def test_an_absurd_scale_of_an_activation_is_refused(scale, absurd):
    samples = np.linspace(-1.0, 1.0, 2 * 16, dtype=np.float32).reshape(2, 4, 4, 1)
    graph = int8_graph(2.0 / 255, output_scale=scale)
    if not absurd:
        check_scales(graph, samples)
        return
    with pytest.raises(QuantizeError, match=r"shape \(1, 3\) has the scale") as caught:
        check_scales(graph, samples)
    assert "train it again" in caught.value.remedy
