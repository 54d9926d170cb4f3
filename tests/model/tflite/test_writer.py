"""The canonical .tflite file: the same outputs, in as many bytes as its structure alone decides."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micronas.model.graph import DType, Graph, Quant, Tensor
from micronas.model.tflite import read, read_bytes
from micronas.model.tflite.writer import write
from tests.support.oracle import random_inputs, run_tflm
from tests.support.random_cases import CASES, random_case

MODELS = (
    "ad01_int8",
    "hello_world_int8",
    "kws_ref_model",
    "pretrainedResnet_quant",
    "simple_add_model",
    "str_ww_ref_model",
    "vww_96_int8",
)


def run_litert(model: bytes, inputs, reference_kernels: bool = False):
    """Outputs of the desktop interpreter, one array per output."""
    litert = pytest.importorskip("ai_edge_litert.interpreter")
    kind = litert.OpResolverType.BUILTIN_REF if reference_kernels else litert.OpResolverType.AUTO
    interpreter = litert.Interpreter(model_content=model, experimental_op_resolver_type=kind)
    interpreter.allocate_tensors()
    outputs = []
    for sample in zip(*inputs, strict=True):
        for detail, values in zip(interpreter.get_input_details(), sample, strict=True):
            interpreter.set_tensor(detail["index"], values.reshape(detail["shape"]))
        interpreter.invoke()
        outputs.append([interpreter.get_tensor(d["index"]) for d in interpreter.get_output_details()])
    return [np.concatenate(parts) for parts in zip(*outputs, strict=True)]


@pytest.mark.parametrize("name", MODELS)
def test_published_network_keeps_its_outputs_in_both_interpreters(shared_models, name):
    path = shared_models / f"{name}.tflite"
    original, graph = path.read_bytes(), read(path)
    ours = write(graph)
    inputs = random_inputs(graph, np.random.default_rng(1), samples=4)
    for mine, theirs in zip(run_tflm(graph, inputs, ours), run_tflm(graph, inputs, original), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    for reference_kernels in (False, True):
        pairs = zip(
            run_litert(ours, inputs, reference_kernels),
            run_litert(original, inputs, reference_kernels),
            strict=True,
        )
        for mine, theirs in pairs:
            np.testing.assert_array_equal(mine, theirs)
    assert len(ours) < len(original)


@pytest.mark.parametrize("name", MODELS)
def test_writing_is_idempotent(shared_models, name):
    once = write(read(shared_models / f"{name}.tflite"))
    assert write(read_bytes(once, name)) == once


@pytest.mark.parametrize("kind", sorted(CASES))
def test_every_op_survives_a_round_trip(kind):
    for seed in range(30):
        graph = random_case(kind, np.random.default_rng(seed))
        back = read_bytes(write(graph), "case.tflite")
        assert [(op.kind, op.attrs) for op in back.ops] == [(op.kind, op.attrs) for op in graph.ops]
        for ours, theirs in zip(graph.ops[0].inputs, back.ops[0].inputs, strict=True):
            if ours >= 0:
                assert_same_tensor(graph.tensors[ours], back.tensors[theirs])


def assert_same_tensor(one: Tensor, two: Tensor) -> None:
    assert (one.shape, one.dtype, one.quant, one.is_constant) == (
        two.shape,
        two.dtype,
        two.quant,
        two.is_constant,
    )
    if one.data is not None:
        np.testing.assert_array_equal(one.data, two.data)


def valueless(graph: Graph) -> Graph:
    """The twin before training: weights without values, placeholder scales, parameters kept."""
    return dataclasses.replace(
        graph,
        tensors=tuple(
            dataclasses.replace(
                t,
                name="",
                data=t.data if t.quant is None else None,
                quant=t.quant and Quant((1.0,) * len(t.quant.scale), (0,) * len(t.quant.scale), t.quant.axis),
            )
            for t in graph.tensors
        ),
    )


@given(st.sampled_from(sorted(CASES)), st.integers(0, 2**32 - 1))
@settings(max_examples=300, deadline=None)
def test_size_depends_on_structure_alone(kind, seed):
    graph = random_case(kind, np.random.default_rng(seed))
    assert len(write(valueless(graph))) == len(write(graph))


@pytest.mark.parametrize("name", MODELS)
def test_size_of_a_network_is_known_before_its_values(shared_models, name):
    graph = read(shared_models / f"{name}.tflite")
    assert len(write(valueless(graph))) == len(write(graph))


def test_constants_are_aligned_for_kernels_that_read_them_in_place(shared_models):
    """The schema says 16 bytes; an int32 bias read from flash faults when it is off by less than 4."""
    data = write(read(shared_models / "kws_ref_model.tflite"))
    graph = read_bytes(data, "kws")
    for tensor in graph.tensors:
        if tensor.data is not None and tensor.nbytes >= 64:
            assert data.find(tensor.data.tobytes()) % 16 == 0


def test_equal_parameters_are_written_once():
    """The converter merges equal axes or shapes or not, as it likes; our size must not depend on that."""
    shared, apart = (two_means(same) for same in (True, False))
    assert write(shared) == write(apart)


def two_means(same_axes: bool) -> Graph:
    from micronas.model.op_attributes import Reduce
    from tests.support.graph_builder import GraphBuilder

    b, quant = GraphBuilder(), Quant((0.1,), (0,))
    x = b.input((1, 4, 4, 8), quant)
    y, z = b.value((1, 8), quant), b.value((1, 8), quant)
    axes = b.constant([1, 2], DType.INT32)
    b.op("MEAN", [x, axes], [y], Reduce())
    b.op("MEAN", [x, axes if same_axes else b.constant([1, 2], DType.INT32)], [z], Reduce())
    return b.graph([y, z])
