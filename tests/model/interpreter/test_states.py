"""Networks that keep states, over sequences of 100 runs, against TFLite Micro."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from micronas.memory.plan import plan_memory
from micronas.model.fixed_point.int16_functions import sigmoid_int16, tanh_int16
from micronas.model.graph import Graph
from micronas.model.interpreter import Stream, run_batch, run_in_order
from micronas.model.tflite import read_bytes
from micronas.model.tflite.convert import to_graph
from micronas.model.tflite.decode import decode
from micronas.model.tflite.writer import write
from tests.support.model_runner import flat_plan, run_on_host
from tests.support.oracle import random_inputs, run_tflm
from tests.support.random_cases import random_case

RUNS = 100


@pytest.fixture(scope="module")
def streaming() -> tuple[Graph, bytes]:
    pytest.importorskip("tensorflow")
    from tests.support.stateful_models import streaming_model

    data = streaming_model()
    return read_bytes(data, "streaming.tflite"), data


@pytest.fixture(scope="module")
def wake_word(shared_models: Path) -> tuple[Graph, bytes]:
    """The published model without the QUANTIZE to uint8 at its end."""
    path = shared_models.parent / "inputs" / "models" / "stateful_wake_word.tflite"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    data = path.read_bytes()
    raw = decode(data)
    return to_graph(replace(raw, ops=raw.ops[:-1], outputs=raw.ops[-1].inputs), "wake_word"), data


@pytest.mark.slow
def test_a_converted_streaming_model_equals_tflite_micro_over_100_runs(streaming, tmp_path) -> None:
    graph, data = streaming
    assert {"READ_VARIABLE", "ASSIGN_VARIABLE"} <= {op.kind for op in graph.ops}
    inputs = random_inputs(graph, np.random.default_rng(1), RUNS)
    (wanted,) = run_tflm(graph, inputs, data, in_order=True)
    assert len(np.unique(wanted)) > 20
    (ours,) = run_in_order(graph, inputs)
    np.testing.assert_array_equal(ours, wanted)
    np.testing.assert_array_equal(run_tflm(graph, inputs, write(graph), in_order=True)[0], wanted)
    for planner in (flat_plan, plan_memory):
        ((in_c,),) = run_on_host([(graph, inputs)], tmp_path, planner=planner, in_order=True)
        assert in_c.tobytes() == wanted.tobytes()


@pytest.mark.slow
def test_a_converted_lstm_equals_tflite_micro_over_100_runs(tmp_path: Path) -> None:
    pytest.importorskip("tensorflow")
    from tests.support.stateful_models import lstm_model

    data = lstm_model(tmp_path / "saved")
    graph = read_bytes(data, "lstm.tflite")
    assert [op.kind for op in graph.ops] == ["UNIDIRECTIONAL_SEQUENCE_LSTM"]
    inputs = random_inputs(graph, np.random.default_rng(1), RUNS)
    (wanted,) = run_tflm(graph, inputs, data, in_order=True)
    assert len(np.unique(wanted)) > 100
    np.testing.assert_array_equal(run_in_order(graph, inputs)[0], wanted)
    ((in_c,),) = run_on_host([(graph, inputs)], tmp_path, planner=plan_memory, in_order=True)
    assert in_c.tobytes() == wanted.tobytes()


@pytest.mark.slow
def test_the_published_wake_word_model_equals_tflite_micro_over_100_runs(wake_word, tmp_path) -> None:
    """Probabilities as the file gives them, and what they come from, which varies more."""
    graph, data = wake_word
    inputs = random_inputs(graph, np.random.default_rng(1), RUNS)
    (in_uint8,) = run_tflm(graph, inputs, data, in_order=True)
    wanted = (in_uint8.astype(np.int16) - 128).astype(np.int8)
    np.testing.assert_array_equal(run_in_order(graph, inputs)[0], wanted)
    logits = replace(graph, ops=graph.ops[:-1], outputs=graph.ops[-1].inputs)
    (wanted_logits,) = run_tflm(logits, inputs, in_order=True)
    assert len(np.unique(wanted_logits)) > 20
    cases = [(graph, inputs), (logits, inputs)]
    in_c = run_on_host(cases, tmp_path, planner=plan_memory, in_order=True)
    assert [c[0].tobytes() for c in in_c] == [wanted.tobytes(), wanted_logits.tobytes()]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["READ_VARIABLE", "ASSIGN_VARIABLE"])
def test_random_variables_equal_tflite_micro_in_order(kind: str, tmp_path: Path) -> None:
    cases = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        graph = random_case(kind, rng)
        cases.append((graph, random_inputs(graph, rng, 6)))
    wanted = [run_tflm(graph, inputs, in_order=True) for graph, inputs in cases]
    for planner in (flat_plan, plan_memory):
        for got, want in zip(
            run_on_host(cases, tmp_path, planner=planner, in_order=True), wanted, strict=True
        ):
            assert [g.tobytes() for g in got] == [w.tobytes() for w in want]
    for (graph, inputs), want in zip(cases, wanted, strict=True):
        for ours, theirs in zip(run_in_order(graph, inputs), want, strict=True):
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["SVDF", "UNIDIRECTIONAL_SEQUENCE_LSTM"])
def test_ops_with_their_own_state_equal_tflite_micro_over_100_runs(kind: str, tmp_path: Path) -> None:
    cases = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        graph = random_case(kind, rng)
        cases.append((graph, random_inputs(graph, rng, RUNS)))
    wanted = [run_tflm(graph, inputs, in_order=True) for graph, inputs in cases]
    assert sum(len(np.unique(w[0])) > 20 for w in wanted) > 4
    for (graph, inputs), want in zip(cases, wanted, strict=True):
        np.testing.assert_array_equal(run_in_order(graph, inputs)[0], want[0])
    for planner in (flat_plan, plan_memory):
        for got, want in zip(
            run_on_host(cases, tmp_path, planner=planner, in_order=True), wanted, strict=True
        ):
            assert got[0].tobytes() == want[0].tobytes()


@pytest.mark.parametrize("power", range(-15, 1))
def test_tanh_of_every_int16_equals_the_reference_formula(power: int) -> None:
    """Within two steps of the real function wherever its argument is in the table's range."""
    x = np.arange(-(2**15), 2**15)
    real = np.tanh(x * 2.0**power) * 2**15
    assert np.abs(tanh_int16(x, power) - real).max() <= 16
    if power == -12:
        sigmoid = 2**15 / (1 + np.exp(-x * 2.0**power))
        assert np.abs(sigmoid_int16(x) - sigmoid).max() <= 16


def test_a_batch_starts_each_sample_anew_and_a_stream_until_it_is_reset() -> None:
    graph = random_case("READ_VARIABLE", np.random.default_rng(4))
    inputs = random_inputs(graph, np.random.default_rng(5), 3)
    alone = run_batch(graph, inputs)
    in_order = run_in_order(graph, inputs)
    np.testing.assert_array_equal(alone[0][0], in_order[0][0])
    assert not np.array_equal(alone[0][2], in_order[0][2])
    stream = Stream(graph)
    for _ in range(2):
        stream.reset()
        steps = [stream.run([x[i] for x in inputs])[0] for i in range(3)]
        np.testing.assert_array_equal(np.stack(steps), in_order[0])
