"""Shapes that a file computes at run time: folded where they are known, refused where they are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from flatbuffers import Builder

from micronas.errors import ModelError
from micronas.model.graph import DType, Quant
from micronas.model.interpreter import run_batch
from micronas.model.tflite import read, read_bytes
from micronas.model.tflite.writer import write
from tests.support.graph_builder import GraphBuilder
from tests.support.oracle import random_inputs, run_tflm

TYPES = schema.TensorType
OPS = schema.BuiltinOperator


def flattening(signature: tuple[int, ...] = (-1, 4, 3)) -> bytes:
    """RELU and a RESHAPE to (batch, 12), the batch taken from the input's shape, as Keras writes it."""
    b, quant = GraphBuilder(), Quant((0.5,), (3,))
    x = b.input((1, 4, 3), quant)
    h, y = b.value((1, 4, 3), quant), b.value((1, 12), quant)
    b.op("RELU", [x], [h])
    b.op("RESHAPE", [h, b.constant([1, 12], DType.INT32)], [y])
    tree = schema.ModelT.InitFromPackedBuf(write(b.graph([y])), 0)
    graph = tree.subgraphs[0]
    graph.tensors[graph.inputs[0]].shapeSignature = np.array(signature, np.int32)
    hidden = graph.operators[0].outputs[0]
    graph.tensors[hidden].shapeSignature = np.array(signature, np.int32)
    shape = _tensor(graph, (3,))
    batch = _tensor(graph, ())
    packed = _tensor(graph, (2,))
    zero, one, twelve = (_constant(tree, graph, v) for v in ([0], [1], 12))
    masks = schema.StridedSliceOptionsT()
    masks.shrinkAxisMask = 1
    pack = schema.PackOptionsT()
    pack.valuesCount = 2
    chain = [
        _op(tree, OPS.SHAPE, [hidden], shape, None),
        _op(tree, OPS.STRIDED_SLICE, [shape, zero, one, one], batch, masks),
        _op(tree, OPS.PACK, [batch, twelve], packed, pack),
    ]
    graph.operators[1].inputs = np.array([hidden, packed], np.int32)
    graph.operators[1:1] = chain
    builder = Builder(1024)
    builder.Finish(tree.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _tensor(graph, shape: tuple[int, ...], buffer: int = 0) -> int:
    tensor = schema.TensorT()
    tensor.shape, tensor.type, tensor.buffer = np.array(shape, np.int32), TYPES.INT32, buffer
    graph.tensors.append(tensor)
    return len(graph.tensors) - 1


def _constant(tree, graph, values) -> int:
    data = schema.BufferT()
    data.data = np.frombuffer(np.array(values, "<i4").tobytes(), np.uint8)
    tree.buffers.append(data)
    return _tensor(graph, np.shape(values), len(tree.buffers) - 1)


def _op(tree, code: int, inputs: list[int], output: int, options):
    operator = schema.OperatorCodeT()
    operator.builtinCode = operator.deprecatedBuiltinCode = code
    tree.operatorCodes.append(operator)
    op = schema.OperatorT()
    op.opcodeIndex = len(tree.operatorCodes) - 1
    op.inputs, op.outputs = np.array(inputs, np.int32), np.array([output], np.int32)
    if options is not None:
        name = type(options).__name__.removesuffix("T")
        op.builtinOptionsType, op.builtinOptions = getattr(schema.BuiltinOptions, name), options
    return op


def test_the_chain_becomes_a_constant_shape_and_runs_as_tflite_micro_does():
    data = flattening()
    graph = read_bytes(data, "flatten.tflite")
    assert [op.kind for op in graph.ops] == ["RELU", "RESHAPE"]
    shape = graph.tensors[graph.ops[1].inputs[1]]
    assert shape.data.tolist() == [1, 12]
    inputs = random_inputs(graph, np.random.default_rng(0), 20)
    np.testing.assert_array_equal(run_batch(graph, inputs)[0], run_tflm(graph, inputs, data)[0])
    np.testing.assert_array_equal(run_batch(graph, inputs)[0], run_tflm(graph, inputs)[0])


def test_a_dimension_that_is_really_dynamic_is_refused_with_the_keras_remedy():
    with pytest.raises(ModelError, match=r"dynamic shape \(-1, -1, 3\)") as caught:
        read_bytes(flattening((-1, -1, 3)), "flatten.tflite")
    assert "Input(batch_shape=(1, ...))" in str(caught.value)


@pytest.mark.parametrize("name", ["dynbatch", "dynbatch_reshape"])
def test_keras_models_without_a_batch_size_run(name: str, shared_inputs: Path):
    path = shared_inputs / f"{name}.tflite"
    graph = read(path)
    assert not {"SHAPE", "PACK", "STRIDED_SLICE"} & {op.kind for op in graph.ops}
    inputs = random_inputs(graph, np.random.default_rng(1), 30)
    np.testing.assert_array_equal(run_batch(graph, inputs)[0], run_tflm(graph, inputs, path.read_bytes())[0])
