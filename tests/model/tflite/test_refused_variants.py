"""Forms of an op that TFLite's int8 kernel does not compute, or computes otherwise, are refused by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from micronas.errors import ModelError
from micronas.model.graph import DType, Graph, Quant
from micronas.model.op_attributes import Activation
from micronas.model.tflite import read_bytes
from micronas.model.tflite.writer import write
from tests.support.random_cases import random_case


def with_output_quant(graph: Graph) -> Graph:
    tensors, t = list(graph.tensors), graph.outputs[0]
    tensors[t] = replace(tensors[t], quant=Quant((0.123,), (7,)))
    return replace(graph, tensors=tuple(tensors))


def with_attrs(**changed: object) -> Callable[[Graph], Graph]:
    return lambda graph: replace(
        graph, ops=(replace(graph.ops[0], attrs=replace(graph.ops[0].attrs, **changed)),)
    )


def with_constant(position: int, change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Graph], Graph]:
    def edit(graph: Graph) -> Graph:
        tensors, t = list(graph.tensors), graph.ops[0].inputs[position]
        data = change(np.array(tensors[t].data))
        tensors[t] = replace(tensors[t], data=data, shape=data.shape, dtype=DType(data.dtype.name))
        return replace(graph, tensors=tuple(tensors))

    return edit


OTHER_SCALES = "input and output have different scales"
VARIANTS = [
    ("REDUCE_MAX", with_output_quant, OTHER_SCALES),
    ("UNPACK", with_output_quant, OTHER_SCALES),
    ("PACK", with_output_quant, "inputs and output have different scales"),
    ("REVERSE_V2", with_output_quant, OTHER_SCALES),
    ("PACK", with_attrs(num=99), "packs 99 tensors"),
    ("REVERSE_V2", with_constant(1, lambda axes: axes + 9), "axes .* are not in a tensor"),
    ("REVERSE_V2", with_constant(1, lambda axes: np.tile(axes, 2)), "reverses an axis twice"),
    ("SPLIT_V", with_output_quant, OTHER_SCALES),
    ("TILE", with_output_quant, OTHER_SCALES),
    ("RESIZE_BILINEAR", with_output_quant, OTHER_SCALES),
    ("LOG_SOFTMAX", with_output_quant, "not 16/256 with zero point 127"),
    ("UNPACK", with_attrs(num=99), "slices along axis"),
    ("SPLIT_V", with_constant(1, lambda sizes: sizes + 1), "do not fill axis"),
    ("TILE", with_constant(1, lambda times: times[1:]), "do not fit an input"),
    ("TILE", with_constant(1, lambda times: times * 0), "do not fit an input"),
    ("RESIZE_BILINEAR", with_attrs(align_corners=True, half_pixel_centers=True), "both aligned corners and"),
    ("TRANSPOSE_CONV", with_attrs(activation=Activation.RELU), "fused activation is not supported"),
    ("TRANSPOSE_CONV", with_attrs(stride_h=9), "does not come from an input"),
    ("TRANSPOSE_CONV", with_constant(0, lambda shape: shape[:3]), "does not fit an input"),
    ("BATCH_MATMUL", with_attrs(adj_x=True, adj_y=True), "do not multiply"),
]


def with_input(position: int, source: int) -> Callable[[Graph], Graph]:
    """An optional input that is given, by the tensor at another input."""

    def edit(graph: Graph) -> Graph:
        inputs = list(graph.ops[0].inputs)
        inputs[position] = inputs[source]
        return replace(graph, ops=(replace(graph.ops[0], inputs=tuple(inputs)),))

    return edit


def with_scale(position: int, quant: Quant) -> Callable[[Graph], Graph]:
    def edit(graph: Graph) -> Graph:
        tensors, t = list(graph.tensors), graph.ops[0].inputs[position]
        tensors[t] = replace(tensors[t], quant=quant)
        return replace(graph, tensors=tuple(tensors))

    return edit


LSTM = "UNIDIRECTIONAL_SEQUENCE_LSTM"
VARIANTS += [
    ("SVDF", with_attrs(activation=Activation.RELU6), "does not apply RELU6"),
    ("SVDF", with_attrs(rank=99), "do not fit"),
    ("SVDF", with_constant(2, lambda w: w.astype(np.int8)), "int16 tensor of rank 2"),
    ("SVDF", with_constant(3, lambda b: b[:0]), "bias .input 3. must be"),
    ("SVDF", with_scale(4, Quant((0.1,), (3,))), "one scale and zero point 0"),
    (LSTM, with_input(9, 12), "has peephole weights"),
    (LSTM, with_input(16, 1), "has a projection"),
    (LSTM, with_input(20, 12), "has layer normalisation"),
    (LSTM, with_attrs(activation_code=1), "code 1, not 4"),
    (LSTM, with_attrs(cell_clip=-1.0), "cell_clip is -1"),
    (LSTM, with_attrs(time_major=True), "has a batch of"),
    (LSTM, with_scale(19, Quant((0.001,), (0,))), "not a power of two"),
    (LSTM, with_constant(5, lambda w: np.concatenate([w, w])), "weights at input 5 are"),
]


@pytest.mark.parametrize(("kind", "edit", "reason"), VARIANTS)
def test_a_variant_that_no_kernel_computes_is_refused(kind: str, edit: Callable, reason: str) -> None:
    graph = random_case(kind, np.random.default_rng(2))
    read_bytes(write(graph), "right.tflite")
    with pytest.raises(ModelError, match=rf"op #0 {kind}: .*{reason}"):
        read_bytes(write(edit(graph)), "wrong.tflite")


def test_a_resize_that_makes_tflite_read_past_its_input_is_refused() -> None:
    """3 rows to 2,000: the step of 1/1024 rounds up, and the last positions lie behind the last row."""
    from micronas.model.fixed_point.bilinear import axis_weights
    from micronas.model.op_attributes import ResizeBilinear

    with pytest.raises(ModelError, match="read past its input"):
        axis_weights(3, 2000, ResizeBilinear())
