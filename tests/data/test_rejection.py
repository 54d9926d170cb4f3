"""Rejection of unknown samples: thresholds and recalls against counts by hand."""

from __future__ import annotations

import numpy as np
import pytest

from micronas.config import DataConfig
from micronas.data import load
from micronas.data.metrics import is_metric, metric_of
from micronas.data.rejection import AcceptLimit, KnownRecall
from micronas.errors import ConfigError, DataError

UNKNOWN = 2
Y = np.array([0, 0, 1, 1, 2, 2, 2, 2])
OUTPUTS = np.array(
    [
        [90, -90, -100],
        [20, -20, -100],
        [-50, 60, -100],
        [70, 10, -100],  # class 1, taken for class 0
        [80, -80, -100],  # unknown, the worst false accept
        [-90, 30, -100],
        [-100, 25, -100],
        [-100, -100, 99],  # recognised as unknown: no threshold accepts it
    ],
    np.int8,
)


@pytest.mark.parametrize(
    ("limit", "threshold", "recall"),
    [
        (AcceptLimit(0.0, False), 81, 1 / 4),  # above all of 80, 30, 25: only 90 is left
        (AcceptLimit(0.25, False), 31, 2 / 4),  # one of four: 90 and 60; 70 is another class
        (AcceptLimit(0.5, False), 26, 2 / 4),
        (AcceptLimit(0.75, False), -128, 3 / 4),  # three accepts: the fourth is refused at any threshold
        (AcceptLimit(0.9, False), -128, 3 / 4),
        (AcceptLimit(1.0, True), 31, 2 / 4),  # four samples of 1,000 s are 1.1 h: one accept
        (AcceptLimit(0.8, True), 81, 1 / 4),
        (AcceptLimit(2.0, True), 26, 2 / 4),
    ],
)
def test_the_threshold_is_the_lowest_within_the_limit(limit, threshold, recall):
    metric = KnownRecall(limit, (UNKNOWN,), 1000.0)
    assert metric.threshold(Y, OUTPUTS) == threshold
    assert metric(Y, OUTPUTS) == metric.at(threshold, Y, OUTPUTS) == recall


def test_an_unknown_sample_with_the_largest_output_leaves_nothing():
    outputs = np.array([[127, -127, -128], [127, -127, -128]], np.int8)
    metric = KnownRecall(AcceptLimit(0.0, False), (UNKNOWN,), None)
    assert metric.threshold(np.array([0, 2]), outputs) == 128
    assert metric(np.array([0, 2]), outputs) == 0.0


def test_names():
    assert is_metric("known_recall@0.05")
    assert is_metric("known_recall@1/h")
    assert metric_of("known_recall@0.25", (UNKNOWN,))(Y, OUTPUTS) == 0.5
    assert str(metric_of("known_recall@0.5/h", (2,), 1.0).limit) == "at most 0.5 false accepts per hour"
    assert str(metric_of("known_recall@0.05", (2,)).limit) == "at most 5 % of the unknown samples accepted"


@pytest.mark.parametrize("name", ["known_recall@", "known_recall@1", "known_recall@-1/h", "known_recall@x/h"])
def test_a_limit_that_is_none_is_refused(name):
    with pytest.raises(ConfigError, match="is not a limit of false accepts"):
        is_metric(name)


def test_what_a_limit_needs():
    with pytest.raises(ConfigError, match="no class is declared unknown") as caught:
        metric_of("known_recall@0.05")
    assert "data.unknown: [unknown, silence]" in caught.value.remedy
    with pytest.raises(ConfigError, match="the time behind a sample is not known"):
        metric_of("known_recall@1/h", (UNKNOWN,))
    with pytest.raises(ConfigError) as caught:
        is_metric("recall@1/h")
    assert "known_recall@1/h" in caught.value.remedy


def npz(tmp_path, unknown, **more):
    y = np.repeat(["yes", "no", "noise"], 20)
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "words.npz", x=rng.integers(0, 255, (60, 8, 8), np.uint8), y=y)
    return DataConfig(name="npz", path=tmp_path / "words.npz", unknown=unknown, **more)


def test_a_data_set_knows_its_unknown_classes_and_their_time(tmp_path):
    found = load(npz(tmp_path, ["noise"], metric="known_recall@1/h", options={"hop_s": 0.5}))
    assert [found.class_names[label] for label in found.unknown] == ["noise"]
    assert found.metric == KnownRecall(AcceptLimit(1.0, True), found.unknown, 0.5)
    assert found.figure == "known_recall@1/h"


@pytest.mark.parametrize(
    ("unknown", "message"),
    [
        (["hum", "noise"], "data.unknown names 'hum', not a class of data set 'words'"),
        (["yes", "no", "noise"], "data.unknown names every class of data set 'words'"),
    ],
)
def test_classes_that_cannot_be_unknown_are_named(tmp_path, unknown, message):
    with pytest.raises(DataError, match=message):
        load(npz(tmp_path, unknown))
