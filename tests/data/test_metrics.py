"""Metrics by name, against counts by hand."""

from __future__ import annotations

import numpy as np
import pytest

from micronas.data.metrics import balanced_accuracy, is_metric, macro_f1, metric_of, recall_at
from micronas.errors import ConfigError

Y = np.array([0] * 10 + [1] * 10)


def outputs(zeros, ones):
    """int8 outputs (20, 2): the second is given, the first its opposite."""
    second = np.array([*zeros, *ones], np.int8)
    return np.stack([-second, second], axis=1).astype(np.int8)


def test_recall_at_a_rate_of_false_alarms():
    """Class 1 may have one false alarm among ten: the threshold is 20, which 7 of 10 exceed. Likewise one
    sample of class 1 (at -30) may be taken for class 0; the next is at 15: 8 of class 0 are below.
    """
    zeros = [90, 20, 10, 0, -5, -10, -20, -30, -40, -50]
    ones = [-30, 15, 20, 21, 30, 40, 50, 60, 70, 80]
    values = outputs(zeros, ones)
    assert recall_at(0.1)(Y, values) == pytest.approx((0.8 + 0.7) / 2)
    # No false alarm: only outputs above 90 count for class 1, and below -30 for class 0.
    assert recall_at(0.0)(Y, values) == pytest.approx((0.2 + 0.0) / 2)


def test_a_rate_beyond_all_others_recognises_everything():
    assert recall_at(0.99)(np.array([0, 1, 1]), np.zeros((3, 2), np.int8)) == 0.0  # ties are not above
    assert recall_at(0.5)(np.array([0, 1]), np.array([[5, -5], [-5, 5]], np.int8)) == 1.0


def test_names():
    assert metric_of("balanced_accuracy") is balanced_accuracy
    assert metric_of("macro_f1") is macro_f1
    perfect = outputs([-9] * 10, [9] * 10)
    assert metric_of("recall@0.05")(Y, perfect) == 1.0
    assert is_metric("recall@0.05")
    assert not is_metric("my_module:f1")
    assert not is_metric(None)


@pytest.mark.parametrize("name", ["recall@", "recall@1", "recall@-0.1", "recall@5%", "recall@nan"])
def test_a_rate_that_is_none_is_refused(name):
    for read in (is_metric, metric_of):
        with pytest.raises(ConfigError, match=r"the share of false alarms is not a number from 0 to below 1"):
            read(name)
