"""The second interpreter: which package runs the file, what differs, and why."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version

import numpy as np
import pytest

from micronas.data.dataset import DataKind, Dataset, DataSplit, FrontEnd, SealedTest
from micronas.errors import QuantizeError
from micronas.estimate import second_witness
from micronas.estimate.accuracy import int8_accuracy
from micronas.estimate.second_witness import witnessed
from micronas.model.net import shape_graph
from micronas.model.tflite import read
from micronas.model.tflite.writer import write
from micronas.quantize import witness
from micronas.quantize.desktop_runtime import DesktopRuntime, open_runtime
from micronas.quantize.witness import Outputs, Witness, ask_witness, samples_within, witness_from_json
from micronas.space.reference.random_weights import random_weights
from tests.support.oracle import random_inputs
from tests.support.tiny_network import tiny_net


@pytest.fixture(scope="module")
def graph():
    return random_weights(shape_graph(tiny_net()), seed=1)


@pytest.fixture(scope="module")
def tflite(graph):
    return write(graph)


@pytest.fixture(scope="module")
def dataset():
    rng = np.random.default_rng(0)
    x, y = rng.uniform(0, 1, (40, 16, 16, 1)).astype(np.float32), rng.integers(0, 10, 40)
    split = DataSplit(x, y)
    classes = tuple(map(str, range(10)))
    return Dataset(
        "noise", DataKind.IMAGE, split, split, SealedTest(split), classes, (0.0, 1.0), FrontEnd("scale", 1)
    )


def test_both_interpreters_agree_on_a_small_network(graph, tflite):
    found = ask_witness(tflite, graph, random_inputs(graph, np.random.default_rng(0), 12)).witness
    assert (found.samples, found.elements, found.absent) == (12, 120, "")
    assert found.different <= 6  # ai-edge-litert rounds one dense sum differently, tflite-runtime none
    assert found.is_rounding
    assert f"{120 - found.different} of 120 output elements equal on 12 samples" in str(found)


def test_differences_of_reference_kernels_are_followed_to_the_op_that_rounds(graph, tflite, monkeypatch):
    """LiteRT 2.3 rounds dense layers by a rule that is not TensorFlow Lite Micro's."""

    def newer(name: str) -> str:
        if name == "tflite-runtime":
            raise PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(witness, "open_runtime", lambda data: open_runtime(data, newer))
    found = ask_witness(tflite, graph, random_inputs(graph, np.random.default_rng(0), 12)).witness
    assert found.still_different == 3
    assert [(cause.kind, cause.largest) for cause in found.causes] == [("FULLY_CONNECTED", 1)]
    assert "from rounding that begins in FULLY_CONNECTED by 1 step" in str(found)
    assert witness_from_json(json.loads(json.dumps(found.to_json()))) == found


def test_rounding_of_optimised_kernels_is_told_from_a_fault(shared_models):
    """MLPerf Tiny's anomaly detector: its dense layers round differently here."""
    path = shared_models / "ad01_int8.tflite"
    graph = read(path)
    found = ask_witness(path.read_bytes(), graph, random_inputs(graph, np.random.default_rng(0), 16)).witness
    assert found.different > 0
    assert found.largest <= 2
    assert found.samples_again == witness.CHECKED_AGAIN
    assert found.is_rounding
    assert "round" in found.explanation


def test_a_network_that_is_not_the_file_differs_with_reference_kernels_too(graph, tflite):
    bias = next(t for t in graph.tensors if t.data is not None and t.data.dtype == np.int32)
    moved = replace(bias, data=bias.data + 2000)
    other = replace(graph, tensors=tuple(moved if t is bias else t for t in graph.tensors))
    found = ask_witness(tflite, other, random_inputs(graph, np.random.default_rng(0), 12)).witness
    assert found.still_different > 0
    assert not found.is_rounding
    assert "NOT EXPLAINED by rounding" in str(found)


def test_a_package_that_is_missing_leaves_the_next_one(tflite):
    def without(name: str) -> str:
        if name == "tflite-runtime":
            raise PackageNotFoundError(name)
        return version(name)

    found = open_runtime(tflite, without)
    assert isinstance(found, DesktopRuntime)
    assert found.name == f"ai-edge-litert {version('ai-edge-litert')}"


def test_tflite_runtime_is_not_even_imported_beside_numpy_2(tflite):
    releases = {"numpy": "2.1.0", "tflite-runtime": "2.14.0"}
    found = open_runtime(tflite, lambda name: releases.get(name) or version(name))
    assert isinstance(found, DesktopRuntime)
    assert found.name.startswith("ai-edge-litert")


def test_tflite_runtime_is_not_used_beside_tensorflow(tflite, monkeypatch):
    """It fails with "vector::reserve" in such a process: both bring the same C++ symbols."""
    monkeypatch.setitem(sys.modules, "tensorflow", object())
    found = open_runtime(tflite)
    assert isinstance(found, DesktopRuntime)
    assert found.name.startswith("ai-edge-litert")


def test_without_any_interpreter_the_reason_is_given(graph, tflite, monkeypatch):
    def none(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(witness, "open_runtime", lambda data: open_runtime(data, none))
    found = ask_witness(tflite, graph, random_inputs(graph, np.random.default_rng(0), 2)).witness
    assert "tflite-runtime is not installed; ai-edge-litert is not installed" in found.absent
    assert str(found).startswith("no second interpreter ran the file: ")


def test_a_file_that_no_interpreter_takes_is_said():
    found = open_runtime(b"not a network" * 9)
    assert isinstance(found, str)
    assert "ai-edge-litert" in found
    assert "refuses the file" in found


def test_the_figures_of_merit_are_of_the_same_samples(tflite, dataset):
    found = witnessed(tflite, dataset, dataset.validation, macs=1)
    own = int8_accuracy(tflite, dataset.validation.x, dataset.validation.y).accuracy
    assert (found.samples, found.figure, found.quality, found.own_quality) == (40, "accuracy", own, own)
    assert witness_from_json(json.loads(json.dumps(found.to_json()))) == found


def test_a_large_network_is_run_on_fewer_samples():
    assert samples_within(1) == witness.SAMPLES
    assert 16 <= samples_within(10_000_000) < witness.SAMPLES
    assert samples_within(10**9) == 16


def test_two_accuracies_far_apart_refuse_the_file(tflite, dataset, monkeypatch):
    apart = Witness("tflite-runtime 2.14.0", samples=40, elements=400, different=300, still_different=80)
    count, classes = len(dataset.validation), 10
    right = np.full((count, classes), -128, np.int8)
    right[np.arange(count), dataset.validation.y] = 127
    outputs = Outputs(apart, (np.roll(right, 1, axis=1),), (right,))
    monkeypatch.setattr(second_witness, "ask_witness", lambda *_: outputs)
    with pytest.raises(QuantizeError, match=r"accuracy 0\.000, micronas 1\.000"):
        witnessed(tflite, dataset, dataset.validation, macs=1)
