"""False accepts per hour and false rejects, against counts by hand and SciPy's intervals."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2

from micronas.data.dataset import DataKind, Dataset, DataSplit, SealedTest
from micronas.data.rejection import AcceptLimit, KnownRecall
from micronas.estimate.accuracy import int8_figure, output_quant
from micronas.estimate.interval import poisson_interval
from micronas.estimate.rejection import Rejection, rejection_from_json, rejection_of
from micronas.estimate.threshold import choose_threshold
from micronas.model.front_end import FrontEnd
from micronas.model.interpreter import run_batch
from micronas.model.net import Dense, Flatten, NetBuilder, shape_graph
from micronas.space.reference.random_weights import random_weights

SEEN = Rejection(0.75, ("noise",), 3, 720, 5400.0, 45, 50, "at most 1 false accept per hour", 1.0)


@pytest.mark.parametrize(("events", "hours"), [(0, 2.0), (1, 1.0), (3, 1.5), (40, 10.0), (1000, 24.0)])
def test_the_interval_is_garwoods(events, hours):
    found = poisson_interval(events, hours)
    low = chi2.ppf(0.025, 2 * events) / 2 if events else 0.0
    assert found.low * hours == pytest.approx(low, abs=1e-9)
    assert found.high * hours == pytest.approx(chi2.ppf(0.975, 2 * events + 2) / 2)


def test_rates_follow_from_the_counts():
    assert SEEN.hours == 1.5
    assert SEEN.false_accepts_per_hour == 2.0
    assert SEEN.false_accept_rate == 3 / 720
    assert SEEN.false_reject_rate == pytest.approx(0.1)
    assert str(SEEN) == (
        "3 of 720 unknown samples accepted, 2 per hour in 1.5 h (95 %: 0.41 to 5.84); "
        "false rejects 5 of 50 known samples (10.0 %)"
    )
    assert rejection_from_json(json.loads(json.dumps(SEEN.to_json()))) == SEEN
    share = replace(SEEN, seconds=None, limit_per_hour=None)
    assert share.false_accepts_per_hour is None
    assert "per hour" not in str(share)
    assert rejection_from_json(share.to_json()) == share


def test_too_little_time_for_the_limit_is_said():
    assert SEEN.warning == (
        "1.5 h of unknown samples cannot show at most 1 false accept per hour: "
        "record at least 3 h for each split"
    )
    assert replace(SEEN, seconds=3 * 3600.0).warning == ""
    assert replace(SEEN, limit="", limit_per_hour=None).warning == ""


@pytest.fixture(scope="module")
def graph():
    net = NetBuilder((4, 1, 3)).chain(Flatten(), Dense(3)).build()
    return random_weights(shape_graph(net), seed=1)


def dataset(validation, test, metric):
    front = FrontEnd("stream", 1)
    return Dataset(
        "made-up", DataKind.STREAM, validation, validation, SealedTest(test), ("a", "b", "noise"), (0.0, 1.0),
        front, metric=metric, metric_name="known_recall", unknown=(2,), sample_s=60.0,
    )  # fmt: skip


def test_a_test_split_is_judged_at_the_threshold_of_the_validation_split(graph):
    """By a count over all int8 thresholds, which shares no code with the choice."""
    rng = np.random.default_rng(3)
    validation, test = (
        DataSplit(rng.random((90, 4, 1, 3)).astype(np.float32), np.tile([0, 1, 2], 30)) for _ in range(2)
    )
    metric = KnownRecall(AcceptLimit(0.1, False), (2,), 60.0)
    data = dataset(validation, test, metric)

    def accepts(split, least):
        made = run_batch(graph, [quantize(split.x)])[0].reshape(90, -1).astype(int)
        return [(row.argmax() if row.argmax() != 2 and row.max() >= least else None) for row in made]

    def quantize(x):
        quant = graph.tensors[graph.inputs[0]].quant
        return np.clip(np.rint(x / np.float32(quant.scale[0])) + quant.zero_point[0], -128, 127).astype(
            np.int8
        )

    def false(split, least):
        return sum(
            y == 2 and answer is not None for y, answer in zip(split.y, accepts(split, least), strict=True)
        )

    def right(split, least):
        return sum(y != 2 and answer == y for y, answer in zip(split.y, accepts(split, least), strict=True))

    least = next(value for value in range(-128, 129) if false(validation, value) <= 3)  # a tenth of 30
    threshold = choose_threshold(graph, data)
    quant = output_quant(graph)
    assert threshold.value / quant.scale[0] + quant.zero_point[0] == pytest.approx(least)
    assert (threshold.kept, threshold.of_kept) == (right(validation, least), 60)
    assert (threshold.refused, threshold.of_refused) == (30 - false(validation, least), 30)
    found = rejection_of(graph, data, test, threshold)
    assert (found.accepts, found.unknown, found.right, found.known) == (
        false(test, least), 30, right(test, least), 60,
    )  # fmt: skip
    assert found.seconds == 30 * 60
    assert int8_figure(graph, data, test) == right(test, least) / 60
    assert int8_figure(graph, data, validation) == right(validation, least) / 60
    assert rejection_of(graph, replace(data, unknown=()), test, threshold) is None
