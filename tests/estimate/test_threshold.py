"""Thresholds that the validation split chooses, against counts by hand."""

from __future__ import annotations

import numpy as np
import pytest

from micronas.data import Task
from micronas.data.dataset import DataKind, Dataset, DataSplit, SealedTest
from micronas.estimate.accuracy import dequantized, input_quant, output_quant, quantized
from micronas.estimate.threshold import choose_threshold, of_answers, of_errors
from micronas.model.front_end import FrontEnd
from micronas.model.interpreter import run_batch
from micronas.model.net import Dense, Flatten, NetBuilder, shape_graph
from micronas.space.reference.random_weights import random_weights


def test_a_threshold_keeps_95_percent_of_the_right_answers() -> None:
    largest = np.concatenate([np.linspace(0.01, 1.0, 100), [0.02, 0.05, 0.9]])
    found = of_answers(largest, np.arange(103) < 100)
    assert (found.name, found.value) == ("accept", pytest.approx(0.06))
    assert (found.kept, found.of_kept, found.refused, found.of_refused) == (95, 100, 2, 3)


def test_equal_outputs_are_all_kept() -> None:
    found = of_answers(np.array([0.9, 0.9, 0.9, 0.4]), np.array([True, True, True, False]))
    assert (found.value, found.kept, found.refused) == (0.9, 3, 1)
    assert of_answers(np.array([0.5, 0.6]), np.array([False, False])) is None


def test_a_twentieth_of_the_normal_samples_may_be_false_alarms() -> None:
    errors = np.concatenate([np.arange(1.0, 41.0), [39.0, 38.5, 50.0, 5.0]])
    found = of_errors(errors, np.arange(44) >= 40)
    assert found.value == pytest.approx(38.0)
    assert (found.kept, found.of_kept, found.refused, found.of_refused) == (38, 40, 3, 4)
    # a pair of an anomaly and a normal sample is in order if the anomaly's error is larger; ties count half
    assert found.auc == pytest.approx((38.5 + 38 + 40 + 4.5) / 160)
    # the four normal samples that look least normal have errors of 37 to 40
    assert found.partial_auc == pytest.approx((2.5 + 2 + 4 + 0) / 16)


def dataset(task: Task, x, y, names) -> Dataset:
    split = DataSplit(x, y)
    front, sealed = FrontEnd("stream", 1), SealedTest(split)
    return Dataset("made-up", DataKind.STREAM, split, split, sealed, names, (0.0, 1.0), front, task=task)


def test_a_device_compares_its_own_int8_input() -> None:
    net = NetBuilder((8, 1, 2)).chain(Flatten(), Dense(16)).build()
    graph = random_weights(shape_graph(net), seed=3)
    rng = np.random.default_rng(0)
    x = rng.normal(0, 5, (60, 8, 1, 2)).astype(np.float32)  # far beyond what int8 holds
    y = (np.arange(60) >= 40).astype(np.int64)
    found = choose_threshold(graph, dataset(Task.DETECT_ANOMALIES, x, y, ("normal", "anomaly")))
    given = quantized(x, input_quant(graph))
    made = dequantized(run_batch(graph, [given])[0].reshape(60, -1), output_quant(graph))
    apart = made.astype(np.float64) - dequantized(given, input_quant(graph)).reshape(60, -1)
    errors = (apart**2).mean(axis=1)
    assert (errors[:40] < found.value).sum() == found.kept == 38
    assert (errors[40:] >= found.value).sum() == found.refused


def test_classes_are_judged_by_their_largest_output() -> None:
    net = NetBuilder((4, 1, 3)).chain(Flatten(), Dense(3)).build()
    graph = random_weights(shape_graph(net), seed=1)
    x = np.random.default_rng(1).random((50, 4, 1, 3)).astype(np.float32)
    outputs = run_batch(graph, [quantized(x, input_quant(graph))])[0].reshape(50, -1)
    y = np.where(np.arange(50) % 5, outputs.argmax(axis=1), (outputs.argmax(axis=1) + 1) % 3)
    found = choose_threshold(graph, dataset(Task.CLASSIFY, x, y, ("a", "b", "c")))
    assert (found.of_kept, found.of_refused) == (40, 10)
    steps = found.value / output_quant(graph).scale[0] + output_quant(graph).zero_point[0]
    assert steps == pytest.approx(round(steps), abs=1e-3)
    assert found.kept == (outputs.max(axis=1)[y == outputs.argmax(axis=1)] >= round(steps)).sum() >= 38
