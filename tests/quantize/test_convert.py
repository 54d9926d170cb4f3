"""Conversion to int8: what is promised, what comes out, and what is refused."""

from __future__ import annotations

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
    shape_graph,
)
from micronas.model.tflite import read_bytes
from micronas.model.tflite.writer import write as write_tflite
from micronas.quantize import quantize
from micronas.space import make_space
from micronas.space.space_config import every_option

pytest.importorskip("tensorflow", reason="TensorFlow is not installed (extra: search)")

from micronas.train.weights import NodeWeights, initial_weights
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


@pytest.mark.parametrize("make", [branching_net, gated_net, dilated_net, dense_net, flat_net])
def test_promise_holds_for_layers_outside_the_layerwise_space(make):
    net = make()
    data = quantize(trained_like(net, 1), net, samples_for(net))
    promised, converted = shape_graph(net), read_bytes(data, "net")
    assert_equal_graphs(promised, converted)
    assert demands(promised) == demands(converted)


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
