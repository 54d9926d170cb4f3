"""Conversion to int8: what is promised, what comes out, and what is refused."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys

import numpy as np
import pytest

from micronas.board import Core
from micronas.codegen.lowering import Target
from micronas.codegen.lowering.lower import lower_graph
from micronas.config import SpaceConfig
from micronas.errors import QuantizeError
from micronas.memory.plan import plan_memory
from micronas.model.graph import DType
from micronas.model.net import (
    Activation,
    Add,
    Apply,
    Concat,
    Conv,
    Dense,
    DepthwiseConv,
    Flatten,
    Function,
    GlobalAveragePool,
    Multiply,
    NetBuilder,
    Padding,
    Pool,
    PoolKind,
    SoftmaxLayer,
    shape_graph,
)
from micronas.model.tflite import read_bytes
from micronas.model.tflite.writer import write as write_tflite
from micronas.quantize import convert, quantize
from micronas.quantize.order import in_order_of
from micronas.quantize.proof import check_constants
from micronas.space import make_space
from micronas.space.layerwise import Block, BlockKind, KernelShape, LayerwiseArch, Stem
from micronas.space.space_config import every_option
from tests.support.model_runner import run_in_emulator, run_on_host
from tests.support.oracle import random_inputs, run_tflm

pytest.importorskip("tensorflow", reason="TensorFlow is not installed (extra: search)")

from micronas.train.weights import NodeWeights, Norm, initial_weights

ARCHITECTURES = int(os.environ.get("MICRONAS_EQUALITY_NETS", "60"))
"""How many random networks the property test converts, at about 0.04 CPU-seconds each."""

SHAPES = ((28, 28, 1), (49, 10, 1), (64, 1, 3), (49, 40, 1), (32, 32, 3), (5, 3, 2), (1, 1, 4), (600, 1, 1))


def trained_like(net, seed):
    """Weights with no zeros and no identity normalisation, as after training.

    Shifts are positive: with random ones, a layer of four channels is now and then dead (all ReLUs closed),
    which is refused, and rightly.
    """
    rng = np.random.default_rng(seed)

    def drawn(low, high, channels):
        return rng.uniform(low, high, channels).astype(np.float32)

    def node(w):
        if w is None:
            return None
        if w.norm is None:
            return NodeWeights(w.kernel, drawn(0.1, 0.6, w.bias.size), None)
        n = w.norm.mean.size
        norm = Norm(drawn(0.5, 1.5, n), drawn(0.1, 0.6, n), drawn(-0.3, 0.1, n), drawn(0.5, 1.5, n))
        return NodeWeights(w.kernel, None, norm)

    return tuple(node(w) for w in initial_weights(net, seed))


def samples_for(net, seed=0, count=8):
    return np.random.default_rng(seed).normal(0, 1, (count, *net.input_shape)).astype(np.float32)


def form(tensor):
    scales = len(tensor.quant.scale) if tensor.quant else 0
    return tensor.shape, tensor.dtype, tensor.is_constant, scales, tensor.quant.axis if tensor.quant else 0


def assert_equal_graphs(promised, converted):
    assert converted.ops == promised.ops  # kinds, order, attributes and wiring
    assert converted.inputs == promised.inputs
    assert converted.outputs == promised.outputs
    assert [form(t) for t in converted.tensors] == [form(t) for t in promised.tensors]


def demands(graph):
    """What the board must give: planned offsets, arena, order, and every constant's bytes."""
    lowered = lower_graph(graph, Target(Core.M4F))
    plan = plan_memory(graph, lowered)
    constants = [(op.kernel, c.name, c.ctype, c.count) for op in lowered for c in op.constants]
    return dict(plan.offsets), plan.scratch_offsets, plan.arena_bytes, plan.order, constants


def branching_net():
    """Parallel branches, which the converter lists in an order of its own."""
    builder = NetBuilder((16, 16, 3))
    x = builder.add(Conv(8, 3, 3, 2, 2))
    a = builder.add(Conv(8, 3, 3), x)
    b = builder.add(DepthwiseConv(3, 3), x)
    c = builder.add(Pool(PoolKind.AVERAGE, 3, 3, 1, 1, Padding.SAME), x)
    d = builder.add(Pool(PoolKind.MAX, 3, 3, 1, 1, Padding.SAME), x)
    s = builder.add(Add(Activation.RELU), a, b)
    builder.add(Concat(), s, c, d, x)
    return builder.chain(GlobalAveragePool(), Dense(4), SoftmaxLayer()).build()


def gated_net():
    """A MobileNetV3-like block: hard-swish and squeeze-excite."""
    builder = NetBuilder((12, 12, 3))
    builder.chain(Conv(8, 3, 3, 2, 2, activation=Activation.NONE), Apply(Function.HARD_SWISH))
    x = builder.last
    builder.add(GlobalAveragePool(keep_dims=True))
    builder.chain(
        Conv(4, 1, 1, batch_norm=False), Conv(8, 1, 1, activation=Activation.NONE, batch_norm=False)
    )
    gate = builder.add(Apply(Function.LOGISTIC))
    builder.add(Multiply(), x, gate)
    return builder.chain(GlobalAveragePool(), Dense(4), SoftmaxLayer()).build()


def dilated_net():
    """Rows of the windows lie apart, in a plane whose height is no multiple of the distance."""
    builder = NetBuilder((21, 10, 1)).chain(Conv(8, 3, 3), DepthwiseConv(3, 3, dilation_h=4), Conv(8, 1, 1))
    builder.chain(DepthwiseConv(5, 3, dilation_h=2), Conv(12, 1, 1))
    return builder.chain(GlobalAveragePool(), Dense(4), SoftmaxLayer()).build()


def dense_net():
    return (
        NetBuilder((6, 5, 2))
        .chain(Flatten(), Dense(16, Activation.RELU, batch_norm=True), Dense(8, Activation.RELU), Dense(3))
        .build()
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("layerwise", ARCHITECTURES),
        ("cell", ARCHITECTURES // 6),
        ("micronets", ARCHITECTURES // 10),
        ("mlp", ARCHITECTURES // 10),
        ("autoencoder", ARCHITECTURES // 10),
    ],
)
def test_promised_graph_equals_the_converted_one(name, number):
    """The property that the budget gate rests on: equal before and after training, to the byte."""
    for i in range(number):
        rng = np.random.default_rng([20, i])
        rich = i % 3 == 0
        keys = dict.fromkeys(every_option(name), rich)
        config = SpaceConfig.model_validate({"name": name, "max_width": 32, **keys})
        space = make_space(config, SHAPES[i % len(SHAPES)], 4 + i % 7)
        net = space.net(space.sample(rng))
        data = quantize(trained_like(net, i), net, samples_for(net, i))
        promised, converted = shape_graph(net), read_bytes(data, "net")
        assert_equal_graphs(promised, converted)
        assert len(write_tflite(promised)) == len(data)
        assert demands(promised) == demands(converted)


def flat_net():
    """A flattening of a single position, which the converter drops."""
    return (
        NetBuilder((6, 6, 2))
        .chain(Conv(8, 3, 3), Pool(PoolKind.AVERAGE, 6, 6, 6, 6), Flatten(), Dense(3), SoftmaxLayer())
        .build()
    )


@pytest.mark.parametrize("make", [branching_net, gated_net, dilated_net, dense_net, flat_net])
def test_promise_holds_for_layers_outside_the_layerwise_space(make):
    net = make()
    data = quantize(trained_like(net, 1), net, samples_for(net))
    promised, converted = shape_graph(net), read_bytes(data, "net")
    assert_equal_graphs(promised, converted)
    assert demands(promised) == demands(converted)


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


def test_untrained_weights_keep_the_promise_too():
    """Zero biases are dropped by the converter unless one takes care."""
    net = dense_net()
    data = quantize(initial_weights(net, 0), net, samples_for(net))
    graph = read_bytes(data, "net")
    assert_equal_graphs(shape_graph(net), graph)
    assert not graph.tensors[graph.ops[-1].inputs[2]].data.any()


@pytest.mark.parametrize("make", [branching_net, gated_net, dilated_net, dense_net, flat_net])
def test_int8_network_computes_what_the_float_network_does(make):
    """Oracle: the Keras model. The int8 file runs in an interpreter that is not ours."""
    litert = pytest.importorskip("ai_edge_litert.interpreter")
    from micronas.train import keras_backend

    net = make()
    weights = trained_like(net, 3)
    model = keras_backend.keras_model(net, probabilities=True)
    keras_backend.set_weights(model, weights)
    x = samples_for(net, 5, count=32)
    interpreter = litert.Interpreter(model_content=quantize(model, net, x))
    interpreter.allocate_tensors()
    (source,), (result,) = interpreter.get_input_details(), interpreter.get_output_details()
    outputs = []
    for sample in x:
        scale, zero = source["quantization"]
        q = np.clip(np.round(sample / scale) + zero, -128, 127).astype(np.int8)
        interpreter.set_tensor(source["index"], q[np.newaxis])
        interpreter.invoke()
        scale, zero = result["quantization"]
        outputs.append((interpreter.get_tensor(result["index"])[0].astype(np.float32) - zero) * scale)
    expected = model(x, training=False).numpy()
    span = expected.max() - expected.min()
    assert np.abs(np.array(outputs) - expected).mean() < 0.03 * span


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


def test_file_is_int8_with_batch_1_and_its_input_range():
    net = branching_net()
    x = samples_for(net)
    graph = read_bytes(quantize(trained_like(net, 0), net, x), "net")
    for t in graph.activations:
        assert graph.tensors[t].dtype is DType.INT8
        assert graph.tensors[t].shape[0] == 1
    quant = graph.tensors[graph.inputs[0]].quant
    low, high = (quant.scale[0] * (q - quant.zero_point[0]) for q in (-128, 127))
    assert low == pytest.approx(x.min(), rel=0.01)
    assert high == pytest.approx(x.max(), rel=0.01)


@pytest.mark.parametrize("poison", [np.nan, np.inf])
def test_diverged_weights_are_refused(poison):
    net = dense_net()
    weights = list(trained_like(net, 0))
    bias = weights[-1].bias.copy()
    bias[1] = poison
    weights[-1] = NodeWeights(weights[-1].kernel, bias, None)
    with pytest.raises(QuantizeError, match="not finite"):
        quantize(tuple(weights), net, samples_for(net))


def test_a_dead_layer_is_refused():
    """A layer that is zero for all samples has no range: rescaling to it would overflow in the kernels."""
    net = dense_net()
    weights = list(trained_like(net, 0))
    dead = NodeWeights(weights[3].kernel, np.full_like(weights[3].bias, -1e3), None)
    with pytest.raises(QuantizeError, match="has the scale"):
        quantize((*weights[:3], dead, *weights[4:]), net, samples_for(net))


@pytest.mark.parametrize("shrunk", [1e-3, 1e-9, 0.0])
def test_a_channel_of_vanishing_weights_keeps_its_bias(shrunk):
    """Weight decay can leave a channel with its bias alone, which at the weights' own scale would not fit."""
    net = dense_net()
    weights = list(trained_like(net, 0))
    kernel, bias = weights[3].kernel.copy(), weights[3].bias.copy()
    kernel[:, 5] *= np.float32(shrunk)
    bias[5] = 1.5
    weights[3] = NodeWeights(kernel, bias, None)
    graph = read_bytes(quantize(tuple(weights), net, samples_for(net)), "net")
    tensor = graph.tensors[graph.ops[2].inputs[2]]
    assert int(tensor.data[5]) * tensor.quant.scale[5] == pytest.approx(1.5, rel=1e-4)


def test_exploded_activations_are_refused():
    net = dense_net()
    weights = list(trained_like(net, 0))
    weights[-1] = NodeWeights(weights[-1].kernel * np.float32(1e9), weights[-1].bias, None)
    with pytest.raises(QuantizeError, match="scale"):
        quantize(tuple(weights), net, samples_for(net))


def test_weights_of_another_network_are_refused():
    with pytest.raises(QuantizeError, match="another network"):
        quantize(trained_like(branching_net(), 0), dense_net(), samples_for(dense_net()))


def _int8_graph(net):
    return read_bytes(quantize(trained_like(net, 0), net, samples_for(net)), "net")


def test_order_is_restored_from_any_permutation():
    """Branches listed in another valid order come out in the order of the nodes."""
    net = branching_net()
    graph = _int8_graph(net)
    stem, *branches = graph.ops[:5]
    shuffled = dataclasses.replace(graph, ops=(stem, *reversed(branches), *graph.ops[5:]))
    assert in_order_of(shuffled, shape_graph(net)).ops == graph.ops


@pytest.mark.parametrize(
    "other",
    [
        lambda b: b.chain(Conv(8, 3, 3, 2, 2), GlobalAveragePool(), Dense(3)),
        lambda b: b.chain(Conv(8, 3, 3, activation=Activation.RELU6), GlobalAveragePool(), Dense(3)),
        lambda b: b.chain(Conv(12, 3, 3), GlobalAveragePool(), Dense(3)),
        lambda b: b.chain(Conv(8, 3, 3), GlobalAveragePool(), Dense(3), SoftmaxLayer()),
        lambda b: b.chain(Conv(8, 3, 3), Flatten(), Dense(3)),
    ],
)
def test_a_file_of_another_network_is_told_from_the_promise(other):
    net = NetBuilder((6, 6, 2)).chain(Conv(8, 3, 3), GlobalAveragePool(), Dense(3)).build()
    promised = shape_graph(other(NetBuilder((6, 6, 2))).build())
    with pytest.raises(QuantizeError, match="not the network"):
        in_order_of(_int8_graph(net), promised)


def test_a_swapped_weight_is_noticed():
    from micronas.train.weights import fold

    net = dense_net()
    weights = fold(trained_like(net, 0))
    graph = _int8_graph(net)
    check_constants(graph, net, weights)
    changed = list(weights)
    kernel = changed[2].kernel.copy()
    kernel[[0, 1]] = kernel[[1, 0]]
    changed[2] = dataclasses.replace(changed[2], kernel=kernel)
    with pytest.raises(QuantizeError, match=r"node 2 .* steps off"):
        check_constants(graph, net, tuple(changed))


def test_nothing_reaches_the_terminal():
    """TensorFlow's and the converter's C++ messages stay off both streams."""
    script = (
        "import numpy as np\n"
        "from micronas.model.net import Conv, Dense, GlobalAveragePool, NetBuilder\n"
        "from micronas.train.weights import initial_weights\n"
        "from micronas.train.tf_logging import import_tensorflow\n"
        "from micronas.quantize import quantize\n"
        "import_tensorflow()\n"
        "from micronas.train.tf_model import TfModel\n"
        "net = NetBuilder((6, 6, 1)).chain(Conv(4, 3, 3), GlobalAveragePool(), Dense(2)).build()\n"
        "x = np.random.default_rng(0).normal(size=(4, 6, 6, 1)).astype(np.float32)\n"
        "TfModel(net)(x)\n"
        "quantize(initial_weights(net, 0), net, x)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
