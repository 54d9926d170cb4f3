"""The predicted TFLite Micro arena against what TFLite Micro itself allocates and needs."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import micronas.api.check
from micronas.config import SpaceConfig
from micronas.errors import ModelError
from micronas.memory.plan.tflm import UNKNOWN_TO_TFLM, stored_file, tflm_arena, tflm_arena_bytes
from micronas.model.graph import Graph, Quant
from micronas.model.net import shape_graph
from micronas.model.tflite import read, read_bytes
from micronas.model.tflite.writer import write
from micronas.space import make_space
from tests.support.oracle import tflm_allocations, tflm_interpreter
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


def runs_in(model: bytes, arena_bytes: int) -> bool:
    """Whether TFLite Micro initialises and runs in that arena."""
    try:
        tflm_interpreter(model, arena_bytes).invoke()
    except RuntimeError:
        return False
    return True


def check_prediction(graph: Graph, model: bytes, *, head_exact: bool = True) -> float:
    """Assert that the prediction suffices; returns predicted over allocated."""
    predicted, actual = tflm_arena(graph), tflm_allocations(model)
    if head_exact:
        assert predicted.plan.arena_bytes == actual["head"]
    assert actual["tail"] <= predicted.tail_bytes
    assert predicted.total_bytes >= actual["total"]
    assert runs_in(model, predicted.total_bytes)
    return predicted.total_bytes / actual["total"]


@pytest.mark.parametrize("name", MODELS)
def test_published_network_runs_in_the_predicted_arena(shared_models, name):
    path = shared_models / f"{name}.tflite"
    graph = read(path)
    for model in (path.read_bytes(), write(graph)):
        ratio = check_prediction(graph, model)
        if name not in ("ad01_int8", "hello_world_int8"):
            assert ratio < 1.02


def test_the_file_on_disk_is_counted_with_its_names_and_metadata(shared_models):
    """A file is kept in flash as it is: this one has 53,936 bytes, and 42,240 without names and metadata."""
    path = shared_models / "kws_ref_model.tflite"
    data, board = path.read_bytes(), "nucleo_f446re"
    checked = micronas.api.check.check(path, board, runtime="tflm")
    assert checked.flash_bytes == len(data) == 53_936
    arena = tflm_arena(read(path), stored_file(data))
    assert checked.sram_bytes == arena.total_bytes
    assert runs_in(data, arena.total_bytes)


@pytest.mark.parametrize("name", ["dynbatch", "dynbatch_reshape", "uint8io", "floatio"])
def test_ops_that_were_folded_take_part_in_a_file_s_arena(shared_inputs, name):
    data = (shared_inputs / f"{name}.tflite").read_bytes()
    predicted = tflm_arena(read_bytes(data, name), stored_file(data))
    assert tflm_allocations(data)["total"] <= predicted.total_bytes
    assert runs_in(data, predicted.total_bytes)


@pytest.mark.parametrize("name", ["ad01_int8", "hello_world_int8"])
def test_initialisation_sets_the_arena_of_tiny_networks(shared_models, name):
    """Their head is smaller than what planning needs for a moment, so what is reported would not suffice."""
    graph = read(shared_models / f"{name}.tflite")
    model, predicted = write(graph), tflm_arena_bytes(graph)
    assert not runs_in(model, tflm_allocations(model)["total"])
    assert not runs_in(model, round(predicted * 0.96))
    assert runs_in(model, predicted)


@pytest.mark.parametrize("kind", sorted(UNKNOWN_TO_TFLM))
def test_an_op_that_tflite_micro_lacks_is_refused_by_name(kind):
    graph = random_case(kind, np.random.default_rng(1))
    with pytest.raises(ModelError, match=rf"op 0 \({kind}\): TensorFlow Lite Micro has no kernel"):
        tflm_arena_bytes(graph)
    with pytest.raises(RuntimeError):
        tflm_allocations(write(graph))


@pytest.mark.parametrize("kind", sorted(set(CASES) - UNKNOWN_TO_TFLM))
def test_every_op_runs_in_the_predicted_arena(kind):
    for seed in range(20):
        graph = random_case(kind, np.random.default_rng(seed))
        model = write(graph)
        check_prediction(graph, model)
        assert tflm_arena(graph).tail_bytes <= tflm_allocations(model)["tail"] + 48


def loadable(graph: Graph) -> Graph:
    """A shape-only graph with the one scale that TFLite Micro insists on: SOFTMAX's output."""
    ends = {op.outputs[0] for op in graph.ops if op.kind == "SOFTMAX"}
    tensors = (
        dataclasses.replace(t, quant=Quant((1 / 256,), (-128,))) if i in ends else t
        for i, t in enumerate(graph.tensors)
    )
    return dataclasses.replace(graph, tensors=tuple(tensors))


@pytest.mark.parametrize("space", ["layerwise", "cell"])
def test_random_networks_run_in_the_predicted_arena(space):
    rng = np.random.default_rng(4)
    networks = make_space(SpaceConfig(name=space), (32, 32, 3), 10)
    ratios = []
    for _ in range(25):
        graph = loadable(shape_graph(networks.net(networks.sample(rng))))
        ratios.append(check_prediction(graph, write(graph)))
    assert max(ratios) < 1.06
    assert np.mean(ratios) < 1.03
