"""The interpreter against TFLite Micro, op by op and on whole networks."""

from __future__ import annotations

import dataclasses
import zlib
from pathlib import Path

import numpy as np
import pytest

from micronas.errors import ModelError
from micronas.model.fixed_point.multiplier import multiply_by_quantized_multiplier
from micronas.model.graph import DType, Quant
from micronas.model.interpreter import run_batch, run_tensors
from micronas.model.interpreter.requantize import OutputStage
from micronas.model.op_attributes import Conv2D, Padding
from micronas.model.tflite import read
from tests.support.graph_builder import GraphBuilder
from tests.support.oracle import random_inputs, run_tflm
from tests.support.random_cases import CASES, random_case

CASES_PER_OP = 100
MODELS = (
    "ad01_int8",
    "hello_world_int8",
    "kws_ref_model",
    "pretrainedResnet_quant",
    "simple_add_model",
    "str_ww_ref_model",
    "vww_96_int8",
)


@pytest.mark.parametrize("kind", sorted(CASES))
def test_random_op_equals_tflite_micro_in_every_element(kind):
    rng = np.random.default_rng(zlib.crc32(kind.encode()))
    for case in range(CASES_PER_OP):
        graph = random_case(kind, rng)
        inputs = random_inputs(graph, rng, samples=3)
        for ours, theirs in zip(run_batch(graph, inputs), run_tflm(graph, inputs), strict=True):
            np.testing.assert_array_equal(ours, theirs, err_msg=f"{kind} case {case}: {graph.ops[0]}")
            assert ours.dtype == theirs.dtype


@pytest.mark.parametrize("name", MODELS)
def test_published_network_equals_tflite_micro_in_every_element(shared_models, name):
    path = shared_models / f"{name}.tflite"
    graph = read(path)
    inputs = random_inputs(graph, np.random.default_rng(5), samples=8)
    ours = run_batch(graph, inputs)
    for mine, theirs in zip(ours, run_tflm(graph, inputs, path.read_bytes()), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_keyword_spotting_accuracy_is_the_published_one(shared_models, shared_data):
    """0.910 by the data set's notes (desktop kernels): features, quantization and network in one figure."""
    data = np.load(shared_data / "mlperf_tiny_kws_1000.npz", allow_pickle=False)
    real = data["x"].astype(np.float64) * float(data["scale"])
    samples = np.clip(np.round(real / 0.5847029 + 83), -128, 127).astype(np.int8)
    (scores,) = run_batch(read(shared_models / "kws_ref_model.tflite"), [samples])
    assert np.mean(scores.argmax(axis=1) == data["y"]) == pytest.approx(0.910, abs=0.003)


def test_sums_beyond_float32_take_float64():
    """2**24 and more: a bound on the weights decides, and the answer stays TFLite Micro's."""
    b, depth = GraphBuilder(), 2048
    quant = Quant((0.05,), (-128,))
    x = b.input((1, 2, 2, depth), quant)
    weights = b.constant(np.full((3, 1, 1, depth), [[[[127]]]]), DType.INT8, Quant((0.01,), (0,)))
    y = b.value((1, 2, 2, 3), Quant((300.0,), (-128,)))
    b.op("CONV_2D", [x, weights], [y], Conv2D(padding=Padding.VALID))
    graph = b.graph([y])
    odd = np.where(np.arange(4 * depth) % 3, 127, 126).reshape(1, 2, 2, depth).astype(np.int8)
    np.testing.assert_array_equal(run_batch(graph, [odd])[0], run_tflm(graph, [odd])[0])


def test_batches_of_any_size_give_the_same_as_single_samples(shared_models):
    graph = read(shared_models / "kws_ref_model.tflite")
    inputs = random_inputs(graph, np.random.default_rng(2), samples=37)
    (together,) = run_batch(graph, inputs)
    alone = [run_batch(graph, [x[i : i + 1] for x in inputs])[0] for i in range(37)]
    np.testing.assert_array_equal(together, np.concatenate(alone))


def test_run_tensors_gives_every_activation(shared_models):
    graph = read(shared_models / "pretrainedResnet_quant.tflite")
    inputs = random_inputs(graph, np.random.default_rng(3), samples=2)
    tensors = run_tensors(graph, inputs)
    assert set(tensors) == set(graph.activations)
    for t, value in tensors.items():
        assert value.shape == (2, *graph.tensors[t].shape[1:])
    np.testing.assert_array_equal(tensors[graph.outputs[0]], run_batch(graph, inputs)[0])


def test_fast_rescaling_equals_the_plain_form():
    rng = np.random.default_rng(11)
    for _ in range(300):
        channels = int(rng.integers(1, 6))
        shift = rng.integers(-31, pick_top(rng), channels)
        multiplier = rng.integers(2**30, 2**31, channels)
        acc = rng.integers(-(2**31), 2**31, (50, channels)) >> int(rng.integers(0, 20))
        plain = multiply_by_quantized_multiplier(acc, multiplier, shift) + 3
        fast = OutputStage(multiplier, shift, 3, -128, 127)(acc.copy())
        np.testing.assert_array_equal(fast, np.clip(plain, -128, 127))


def pick_top(rng: np.random.Generator) -> int:
    """Half of the time no left shifts at all, so that the fast path is taken."""
    return int(rng.choice([1, 6]))


def test_wrong_inputs_are_refused(shared_models):
    graph = read(shared_models / "kws_ref_model.tflite")
    with pytest.raises(ModelError, match="1 input, not 2"):
        run_batch(graph, [np.zeros((1, 49, 10, 1), np.int8)] * 2)
    with pytest.raises(ModelError, match="is int8, not float32"):
        run_batch(graph, [np.zeros((1, 49, 10, 1), np.float32)])
    with pytest.raises(ModelError, match=r"per sample, not \(49, 11\)"):
        run_batch(graph, [np.zeros((1, 49, 11), np.int8)])


def test_a_graph_without_values_is_refused():
    graph = random_case("CONV_2D", np.random.default_rng(0))
    empty = dataclasses.replace(
        graph, tensors=tuple(dataclasses.replace(t, data=None) for t in graph.tensors)
    )
    with pytest.raises(ModelError, match=r"op #0 CONV_2D: .*no values"):
        run_batch(empty, random_inputs(empty, np.random.default_rng(0), 1))


def test_no_temporary_copy_of_the_input_is_changed(shared_models: Path):
    graph = read(shared_models / "kws_ref_model.tflite")
    inputs = random_inputs(graph, np.random.default_rng(4), samples=3)
    before = inputs[0].copy()
    run_batch(graph, inputs)
    np.testing.assert_array_equal(inputs[0], before)
