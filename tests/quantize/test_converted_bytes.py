"""A converted file, compared byte by byte: with the whole converter, other forms of a network, and in C."""

from __future__ import annotations

import numpy as np
import pytest

from micronas.board import Core
from micronas.config import SpaceConfig
from micronas.model.net import Conv, DepthwiseConv
from micronas.model.tflite import read_bytes
from micronas.quantize import convert, quantize
from micronas.space import make_space
from micronas.space.layerwise import Block, BlockKind, KernelShape, LayerwiseArch, Stem
from micronas.space.space_config import every_option
from tests.support.model_runner import run_in_emulator, run_on_host
from tests.support.oracle import random_inputs, run_tflm

pytest.importorskip("tensorflow", reason="TensorFlow is not installed (extra: search)")

from micronas.train.weights import initial_weights
from tests.support.converted_nets import (
    ARCHITECTURES,
    SHAPES,
    branching_net,
    dense_net,
    dilated_net,
    flat_net,
    gated_net,
    samples_for,
    trained_like,
)


def networks_of_every_space(count):
    """``count`` random networks of each space, every other with all optional genes."""
    for name in ("layerwise", "cell", "micronets", "mlp", "autoencoder"):
        for i in range(count):
            keys = dict.fromkeys(every_option(name), i % 2 == 1)
            config = SpaceConfig.model_validate({"name": name, "max_width": 32, **keys})
            space = make_space(config, SHAPES[i % len(SHAPES)], 4 + i % 7)
            yield space.net(space.sample(np.random.default_rng([21, i])))


def assert_the_whole_converters_file(net, weights, monkeypatch):
    """Half of the converter is left out; all of it gives the same bytes."""
    by_half = quantize(weights, net, samples_for(net))
    with monkeypatch.context() as patch:
        patch.setattr(convert, "_quantizer", lambda tf: None)
        assert quantize(weights, net, samples_for(net)) == by_half


@pytest.mark.parametrize("weights_of", [trained_like, initial_weights])
@pytest.mark.parametrize("make", [branching_net, gated_net, dilated_net, dense_net, flat_net])
def test_every_layer_gives_the_file_of_the_whole_converter(make, weights_of, monkeypatch):
    assert_the_whole_converters_file(make(), weights_of(make(), 1), monkeypatch)


@pytest.mark.parametrize("count", [2, pytest.param(ARCHITECTURES // 4, marks=pytest.mark.exhaustive)])
def test_every_space_gives_the_files_of_the_whole_converter(count, monkeypatch):
    for number, net in enumerate(networks_of_every_space(count)):
        assert_the_whole_converters_file(net, trained_like(net, number), monkeypatch)


SHAPED = (
    Block(BlockKind.SEPARABLE, 7, 1, 8, shape=KernelShape.LONG),
    Block(BlockKind.SEPARABLE, 3, 1, 8, dilation=4),
    Block(BlockKind.CONV, 5, 2, 8, shape=KernelShape.TALL),
    Block(BlockKind.SEPARABLE, 3, 1, 8, dilation=2),
    Block(BlockKind.SEPARABLE, 7, 1, 8, shape=KernelShape.FLAT),
    Block(BlockKind.CONV, 7, 1, 8, shape=KernelShape.LONG),
)
"""Every shape of window that the layer-wise space has, up to 15 rows."""


@pytest.mark.parametrize("core", [None, pytest.param(Core.M4F, marks=pytest.mark.emulator)], ids=str)
def test_every_window_of_the_space_in_c_equals_tflite_micro(core, tmp_path):
    """On the host, portable kernels; in QEMU, those of the DSP extension: to the last output element."""
    pytest.importorskip("tflite_micro")
    space = make_space(SpaceConfig(dilation=True, kernel_shape=True, max_width=16), (49, 10, 1), 12)
    net = space.net(LayerwiseArch(Stem(3, 1, 8), SHAPED))
    data = quantize(trained_like(net, 4), net, samples_for(net))
    graph = read_bytes(data, "net")
    layers = [node.layer for node in net.nodes if isinstance(node.layer, Conv | DepthwiseConv)]
    assert {(layer.kernel_h, layer.kernel_w) for layer in layers} == {(1, 1), (3, 3), (15, 7), (5, 1), (1, 7)}
    assert sum(getattr(op.attrs, "dilation_h", 1) > 1 for op in graph.ops) == 2
    inputs = random_inputs(graph, np.random.default_rng(5), 4)
    cases = [(graph, inputs)]
    (outputs,) = run_on_host(cases, tmp_path) if core is None else run_in_emulator(cases, tmp_path, core)
    for got, want in zip(outputs, run_tflm(graph, inputs, data), strict=True):
        assert np.array_equal(got, want.reshape(got.shape))


def test_every_trainable_form_gives_the_same_bytes():
    from micronas.train import keras_backend
    from micronas.train.tf_model import TfModel

    net = branching_net()
    weights = trained_like(net, 2)
    flat, keras_form = TfModel(net), keras_backend.keras_model(net)
    flat.set_weights(weights)
    keras_backend.set_weights(keras_form, weights)
    x = samples_for(net)
    files = {quantize(model, net, x) for model in (weights, flat, keras_form, weights)}
    assert len(files) == 1
