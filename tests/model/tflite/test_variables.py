"""Variables of a file: what is read of them, and which are refused."""

from __future__ import annotations

from collections.abc import Callable

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from micronas.errors import ModelError
from micronas.model.graph import Graph
from micronas.model.tflite import read_bytes
from micronas.model.tflite.writer import write
from tests.support.random_cases import random_case

MAIN, INITIAL = 0, 1


def stream() -> Graph:
    return random_case("READ_VARIABLE", np.random.default_rng(1))


def edited(edit: Callable, graph: Graph | None = None) -> bytes:
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(write(graph or stream()), 0))
    edit(model)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def kind_of(model, op) -> int:
    return model.operatorCodes[op.opcodeIndex].builtinCode


def ops_of(model, subgraph: int, kind: str) -> list:
    wanted = getattr(schema.BuiltinOperator, kind)
    return [op for op in model.subgraphs[subgraph].operators if kind_of(model, op) == wanted]


def test_what_is_written_is_read_again() -> None:
    graph = stream()
    again = read_bytes(write(graph), "again.tflite")
    assert [op.kind for op in again.ops] == [op.kind for op in graph.ops]
    (state,), (first,) = again.states, graph.states
    assert state.variable == first.variable == "variable0"
    np.testing.assert_array_equal(state.initial, first.initial)
    assert again.tensors[state.before].quant == graph.tensors[first.before].quant
    assert write(again) == write(graph)


def test_a_variable_that_nothing_initialises_holds_its_zero_point() -> None:
    def edit(model) -> None:
        model.subgraphs[MAIN].operators.remove(ops_of(model, MAIN, "CALL_ONCE")[0])
        del model.subgraphs[INITIAL]

    graph = read_bytes(edited(edit), "bare.tflite")
    quant = graph.tensors[graph.states[0].before].quant
    assert quant is not None
    assert (graph.states[0].initial == quant.zero_point[0]).all()


def compute_initial(model) -> None:
    """An op other than an assignment in the subgraph that sets variables."""
    read = ops_of(model, MAIN, "READ_VARIABLE")[0]
    model.subgraphs[INITIAL].operators[1].opcodeIndex = read.opcodeIndex


def read_before_call_once(model) -> None:
    ops = model.subgraphs[MAIN].operators
    once = ops_of(model, MAIN, "CALL_ONCE")[0]
    ops.remove(once)
    ops.append(once)


def as_int32(model) -> None:
    read = ops_of(model, MAIN, "READ_VARIABLE")[0]
    model.subgraphs[MAIN].tensors[read.outputs[0]].type = schema.TensorType.INT32


def other_shape(model) -> None:
    assign = ops_of(model, MAIN, "ASSIGN_VARIABLE")[0]
    model.subgraphs[MAIN].tensors[assign.inputs[1]].shape = np.array([1, 1, 1], np.int32)


def no_handle(model) -> None:
    for op in ops_of(model, MAIN, "VAR_HANDLE"):
        model.subgraphs[MAIN].operators.remove(op)


def wild_subgraph(model) -> None:
    ops_of(model, MAIN, "CALL_ONCE")[0].builtinOptions.initSubgraphIndex = 7


def wild_tensor(model) -> None:
    ops_of(model, MAIN, "READ_VARIABLE")[0].outputs = np.array([1000], np.int32)


def short_initial(model) -> None:
    assign = ops_of(model, INITIAL, "ASSIGN_VARIABLE")[0]
    tensor = model.subgraphs[INITIAL].tensors[assign.inputs[1]]
    model.buffers[tensor.buffer].data = np.zeros(1, np.uint8)


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (compute_initial, r"subgraph 1, which sets variables, computes with READ_VARIABLE"),
        (read_before_call_once, r"CALL_ONCE sets variables that op #\d+ has used"),
        (as_int32, r"the variable 'variable0' is int32, not int8"),
        (other_shape, r"ASSIGN_VARIABLE: \(1, 1, 1\), but the variable 'variable0' is"),
        (no_handle, r"READ_VARIABLE: input 0 is not the handle of a variable"),
        (wild_subgraph, r"damaged \(subgraph 7\)"),
        (wild_tensor, r"names tensor 1000 of \d+: the file is damaged"),
        (short_initial, r"the variable 'variable0' of \d+ bytes starts with 1"),
    ],
)
def test_a_variable_that_cannot_be_kept_is_refused_by_name(edit: Callable, reason: str) -> None:
    with pytest.raises(ModelError, match=reason):
        read_bytes(edited(edit), "wrong.tflite")


def not_variable(model) -> None:
    for tensor in model.subgraphs[MAIN].tensors:
        tensor.isVariable = False


def float_state(model) -> None:
    for tensor in model.subgraphs[MAIN].tensors:
        tensor.type = schema.TensorType.FLOAT32 if tensor.isVariable else tensor.type


def shared_state(model) -> None:
    ops = model.subgraphs[MAIN].operators
    ops.append(ops[0])


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (not_variable, r"op #0 SVDF: its state, input 4, is not a variable tensor"),
        (float_state, r"op #0 SVDF keeps its state in float32, not int8 or int16"),
        (shared_state, r"op #1 SVDF shares its state, tensor \d+, with another op"),
    ],
)
def test_an_ops_own_state_that_cannot_be_kept_is_refused_by_name(edit: Callable, reason: str) -> None:
    graph = random_case("SVDF", np.random.default_rng(3))
    with pytest.raises(ModelError, match=reason):
        read_bytes(edited(edit, graph), "wrong.tflite")


@pytest.mark.parametrize("kind", ["SVDF", "UNIDIRECTIONAL_SEQUENCE_LSTM"])
def test_ops_with_their_own_state_are_read_as_they_were_written(kind: str) -> None:
    graph = random_case(kind, np.random.default_rng(3))
    again = read_bytes(write(graph), "again.tflite")
    assert [s.initial.tolist() for s in again.states] == [s.initial.tolist() for s in graph.states]
    assert [s.variable for s in again.states] == [""] * len(graph.states)
    assert write(again) == write(graph)
