"""What a file may leave open or say twice: read as TFLite Micro runs it, or refused by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from micronas.board import Core
from micronas.model.graph import DType, Graph, Quant
from micronas.model.interpreter import run_batch
from micronas.model.op_attributes import Conv2D, DepthwiseConv2D, FullyConnected, Padding, Pool2D
from micronas.model.tflite import read, read_bytes
from micronas.model.tflite.writer import write
from tests.support.graph_builder import GraphBuilder, float32
from tests.support.model_runner import run_in_emulator, run_on_host
from tests.support.oracle import random_inputs, run_tflm
from tests.support.random_cases import random_case
from tests.support.tflite_files import edited, refusal

X, Y = Quant((float32(0.02),), (-5,)), Quant((float32(0.09),), (4,))


def dense(bias: list[int], scales: tuple[float, ...] = (0.01,), weights: np.ndarray | None = None) -> Graph:
    """FULLY_CONNECTED of 8 -> 4 with the given bias."""
    rng, b = np.random.default_rng(0), GraphBuilder()
    x, y = b.input((1, 8), X), b.value((1, 4), Y)
    rows = rng.integers(-127, 128, (4, 8)) if weights is None else weights
    w = b.constant(rows, DType.INT8, Quant(tuple(map(float32, scales)), (0,) * len(scales), 0))
    quant = Quant(tuple(float32(X.scale[0] * s) for s in scales), (0,) * len(scales))
    values = b.constant(bias, DType.INT32, quant)
    b.op("FULLY_CONNECTED", [x, w, values], [y], FullyConnected())
    return b.graph([y], "dense")


def bias_of(tree):
    graph = tree.subgraphs[0]
    return graph.tensors[graph.operators[0].inputs[2]]


# --- biases -----------------------------------------------------------------------------------------


def bias_of_rank_two() -> bytes:
    def edit(tree):
        bias_of(tree).shape = np.array([4, 1], np.int32)

    return edited(write(dense([100, -200, 3000, 4])), edit)


def bias_with_the_axis_of_its_weights() -> bytes:
    """As the converter of TensorFlow 2.3 and earlier writes it; the person detection example is one."""
    rng, b, scales = np.random.default_rng(2), GraphBuilder(), (0.01, 0.02, 0.004)
    x, y = b.input((1, 4, 4, 3), X), b.value((1, 4, 4, 3), Y)
    per_channel = Quant(tuple(map(float32, scales)), (0,) * 3, 3)
    w = b.constant(rng.integers(-127, 128, (1, 3, 3, 3)), DType.INT8, per_channel)
    products = Quant(tuple(float32(X.scale[0] * s) for s in scales), (0,) * 3)
    bias = b.constant([10, -20, 30], DType.INT32, products)
    b.op("DEPTHWISE_CONV_2D", [x, w, bias], [y], DepthwiseConv2D())

    def edit(tree):
        bias_of(tree).quantization.quantizedDimension = 3

    return edited(write(b.graph([y])), edit)


def dead_channel(tiny: float) -> bytes:
    """Training left a channel of zeros; the converter then divides its bias by a scale of nearly 0."""
    weights = np.random.default_rng(3).integers(-127, 128, (4, 8))
    weights[1] = 0
    return write(dense([100, 2**31 - 1, -7, 40], (0.01, tiny, 0.02, 0.003), weights))


def largest_biases() -> list[int]:
    """With one more, the sums of ``dense`` would not fit 32 bits."""
    rows = np.asarray(dense([0] * 4).tensors[2].data, np.int64)
    room = 2**31 - 1 - 128 * np.abs(rows).sum(axis=1)
    return [int(r + X.zero_point[0] * s) for r, s in zip(room, rows.sum(axis=1), strict=True)]


RUNS = {
    "bias of rank two": bias_of_rank_two(),
    "bias with an axis": bias_with_the_axis_of_its_weights(),
    "scale 2.3e-22": dead_channel(2.3e-22),
    "scale 1e-38": dead_channel(1e-38),
    "scale 0": dead_channel(0.0),
    "largest bias": write(dense(largest_biases())),
}


@pytest.fixture(scope="module")
def runs() -> list[tuple[Graph, list[np.ndarray], np.ndarray]]:
    """Each of ``RUNS`` with inputs, and what TFLite Micro makes of them from the file itself."""
    rng, cases = np.random.default_rng(1), []
    for data in RUNS.values():
        graph = read_bytes(data, "model.tflite")
        inputs = random_inputs(graph, rng, 20)
        cases.append((graph, inputs, run_tflm(graph, inputs, data)[0]))
    return cases


def assert_equal(results, runs) -> None:
    for name, (got,), (_, _, wanted) in zip(RUNS, results, runs, strict=True):
        np.testing.assert_array_equal(got.reshape(wanted.shape), wanted, err_msg=name)


def test_unusual_biases_and_scales_are_read_as_tflite_micro_runs_them(runs) -> None:
    assert read_bytes(RUNS["bias of rank two"], "m").tensors[2].shape == (4,)
    assert_equal([run_batch(graph, inputs) for graph, inputs, _ in runs], runs)


@pytest.mark.slow
def test_so_does_the_c_under_sanitizers(runs, tmp_path: Path) -> None:
    assert_equal(run_on_host([(graph, inputs) for graph, inputs, _ in runs], tmp_path), runs)


@pytest.mark.emulator
def test_so_do_the_dsp_kernels(runs, tmp_path: Path) -> None:
    cases = [(graph, inputs) for graph, inputs, _ in runs]
    assert_equal(run_in_emulator(cases, tmp_path, Core.M4F), runs)


def test_a_bias_in_another_scale_than_the_kernel_takes_it_for_is_refused() -> None:
    def edit(tree):
        bias_of(tree).quantization.scale = np.array([123.0], np.float32)

    text = refusal(edited(write(dense([1, 2, 3, 4])), edit))
    assert "op #0 FULLY_CONNECTED: the bias of channel 0 has scale 123, but input x weight scale is" in text


def test_sums_beyond_32_bits_are_refused() -> None:
    text = refusal(write(dense([0, 2**31 - 100, 0, 0])))
    assert "the sums of channel 1 reach" in text
    assert "its bias is 2,147,483,548" in text
    bias = largest_biases()
    bias[2] += 1
    assert "the sums of channel 2 reach 2,147,483,648" in refusal(write(dense(bias)))


# --- scales and zero points -------------------------------------------------------------------------


def test_a_missing_zero_point_is_refused() -> None:
    def edit(tree):
        tree.subgraphs[0].tensors[0].quantization.zeroPoint = None

    assert "tensor 0 (input0) has a scale but no zero point" in refusal(edited(write(dense([0] * 4)), edit))


@pytest.mark.parametrize("kind", ["MAX_POOL_2D", "AVERAGE_POOL_2D", "RESHAPE", "PAD", "TRANSPOSE", "SPLIT"])
def test_ops_that_do_not_rescale_need_equal_scales(kind: str) -> None:
    def edit(tree):
        graph = tree.subgraphs[0]
        output = graph.tensors[graph.outputs[0]].quantization
        output.scale = output.scale * np.float32(1.5)

    data = write(random_case(kind, np.random.default_rng(4)))
    assert f"op #0 {kind}: input and output have different scales" in refusal(edited(data, edit))
    read_bytes(data, "as it was")


# --- options ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["CONV_2D", "DEPTHWISE_CONV_2D", "MAX_POOL_2D", "SOFTMAX", "CONCATENATION"])
def test_no_stride_or_axis_is_invented(kind: str) -> None:
    def edit(tree):
        tree.subgraphs[0].operators[0].builtinOptions = None
        tree.subgraphs[0].operators[0].builtinOptionsType = 0

    text = refusal(edited(write(random_case(kind, np.random.default_rng(5))), edit))
    assert f"op #0 {kind} has no options" in text


def test_options_of_another_op_are_refused() -> None:
    def edit(tree):
        tree.subgraphs[0].operators[0].builtinOptions = schema.SoftmaxOptionsT()
        tree.subgraphs[0].operators[0].builtinOptionsType = schema.BuiltinOptions.SoftmaxOptions

    text = refusal(edited(write(random_case("CONV_2D", np.random.default_rng(5))), edit))
    assert "op #0 CONV_2D has the options of another op" in text


def test_shuffled_weights_are_refused() -> None:
    def edit(tree):
        tree.subgraphs[0].operators[0].builtinOptions.weightsFormat = 1

    text = refusal(edited(write(dense([0] * 4)), edit))
    assert "op #0 FULLY_CONNECTED: weightsFormat is 1: weights in shuffled order are not supported" in text


@pytest.mark.parametrize("name", ["dilation_h", "dilation_w", "stride_h", "stride_w"])
def test_what_the_kernels_int16_does_not_hold_is_refused(name: str) -> None:
    b = GraphBuilder()
    x, y = b.input((1, 3, 3, 1), X), b.value((1, 3, 3, 1), Y)
    w = b.constant(np.ones((1, 1, 1, 1)), DType.INT8, Quant((0.5,), (0,)))
    b.op("CONV_2D", [x, w, -1], [y], Conv2D(**{name: 40_000}))
    assert f"op #0 CONV_2D: {name} is 40,000, not 1 to 32,767" in refusal(write(b.graph([y])))


def test_a_window_that_dilation_makes_too_long_is_refused() -> None:
    b = GraphBuilder()
    x, y = b.input((1, 3, 3, 1), X), b.value((1, 3, 3, 1), Y)
    w = b.constant(np.ones((1, 3, 3, 1)), DType.INT8, Quant((0.5,), (0,)))
    b.op("CONV_2D", [x, w, -1], [y], Conv2D(padding=Padding.SAME, dilation_h=20_000))
    assert "window_h is 40,001" in refusal(write(b.graph([y])))


@pytest.mark.parametrize("kind", ["CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"])
def test_absent_weights_are_named(kind: str) -> None:
    def edit(tree):
        op = tree.subgraphs[0].operators[0]
        op.inputs = np.array([op.inputs[0], -1, *op.inputs[2:]], np.int32)

    text = refusal(edited(write(random_case(kind, np.random.default_rng(6))), edit))
    assert f"op #0 {kind}: input 1 is missing" in text


# --- files of past failures -------------------------------------------------------------------------


def test_the_file_with_a_bias_of_rank_two_is_exact(shared_inputs: Path) -> None:
    data = (shared_inputs / "bias_rank2.tflite").read_bytes()
    graph = read_bytes(data, "bias_rank2")
    inputs = random_inputs(graph, np.random.default_rng(1), 200)
    np.testing.assert_array_equal(run_batch(graph, inputs)[0], run_tflm(graph, inputs, data)[0])


def test_published_networks_are_still_read(shared_models: Path) -> None:
    for path in sorted(shared_models.glob("*.tflite")):
        assert read(path).ops
    assert isinstance(read(shared_models / "kws_ref_model.tflite").ops[9].attrs, Pool2D)
