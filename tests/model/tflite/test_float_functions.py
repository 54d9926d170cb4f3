"""An ELU that the converter left in float: folded where all 256 results are TensorFlow Lite Micro's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from micronas.errors import ModelError
from micronas.model.graph import Graph
from micronas.model.interpreter import run_batch
from micronas.model.op_attributes import NoAttrs
from micronas.model.tflite.convert import to_graph
from micronas.model.tflite.decode import RawModel, RawOp, RawTensor
from tests.support.oracle import run_tflm

NOTHING = np.zeros(0, np.uint8)
SHAPE = (1, 256)
EVERY_BYTE = np.arange(-128, 128, dtype=np.int8)[np.newaxis]


def tensor(scale: float | None, zero_point: int = 0) -> RawTensor:
    kind, quant = ("FLOAT32", ()) if scale is None else ("INT8", (scale,))
    return RawTensor("t", SHAPE, (), kind, quant, (zero_point,) * len(quant), 0, NOTHING, False, False)


def island(source: float, output: float, zero_point: int = -3) -> RawModel:
    """DEQUANTIZE -> ELU -> QUANTIZE, as a network."""
    quantized, made = tensor(source, zero_point), tensor(output, -20)
    ops = [
        ("DEQUANTIZE", 0, 1),
        ("ELU", 1, 2),
        ("QUANTIZE", 2, 3),
    ]
    return RawModel(
        subgraphs=1,
        tensors=(quantized, tensor(None), tensor(None), made),
        ops=tuple(RawOp(kind, None, (x,), (y,), NoAttrs()) for kind, x, y in ops),
        inputs=(0,),
        outputs=(3,),
    )


def graph_of(model: RawModel) -> Graph:
    return to_graph(model, "island")


@pytest.mark.parametrize(
    ("source", "output"), [(0.05, 0.021), (0.0371, 0.0113), (0.11, 0.11), (0.002, 0.003)]
)
def test_every_byte_is_as_in_float(source: float, output: float) -> None:
    graph = graph_of(island(source, output))
    assert [op.kind for op in graph.ops] == ["ELU"]
    (made,) = run_batch(graph, [EVERY_BYTE])
    real = np.float32(source) * (EVERY_BYTE.astype(np.float32) + 3)
    wanted = np.where(real < 0, np.expm1(real.astype(np.float64)), real) / output
    rounded = np.clip(np.sign(wanted) * np.floor(np.abs(wanted) + 0.5) - 20, -128, 127)
    np.testing.assert_array_equal(made, rounded)
    np.testing.assert_array_equal(made, run_tflm(graph, [EVERY_BYTE])[0])


def test_a_value_on_a_border_of_rounding_is_left_in_float_and_refused() -> None:
    """expm1(-0.5 * ln 2 * 2) = -0.5 exactly: half a step of an output scale of 1."""
    model = island(float(np.log(2.0)), 1.0, zero_point=0)
    with pytest.raises(ModelError, match="ELU works on float32 in an int8 network"):
        graph_of(model)


def test_floats_that_something_else_reads_stay() -> None:
    model = island(0.05, 0.021)
    with pytest.raises(ModelError, match="float32"):
        graph_of(replace(model, outputs=(3, 2)))
