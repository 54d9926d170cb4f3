"""The confusion matrix by hand, what follows from it, and the gap to the test split with its interval."""

from __future__ import annotations

import numpy as np
import pytest

from micronas.data.metrics import balanced_accuracy, macro_f1
from micronas.estimate.confusion import confusion_from_json, confusion_of
from micronas.estimate.gap import Gap, gap_from_json, gap_of

#          taken for a, b, c
BY_HAND = ((3, 1, 0), (2, 2, 0), (0, 0, 0))
Y = np.repeat([0, 1], 4)
ANSWERS = np.array([0, 0, 0, 1, 0, 0, 1, 1])


def test_counts_shares_and_means_are_those_by_hand() -> None:
    found = confusion_of(Y, ANSWERS, ("a", "b", "c"))
    assert found.matrix == BY_HAND
    assert found.recall == (0.75, 0.5, None)
    assert found.precision == (0.6, 2 / 3, None)
    assert found.balanced_accuracy == 0.625
    # F1 of a: 2 * 3 / (4 + 5), of b: 2 * 2 / (4 + 3); c has no samples
    assert found.macro_f1 == pytest.approx((6 / 9 + 4 / 7) / 2)
    assert confusion_from_json(found.to_json()) == found


def test_the_metrics_of_a_search_are_the_same_figures() -> None:
    outputs = np.zeros((8, 3), np.int8)
    outputs[np.arange(8), ANSWERS] = 100
    assert balanced_accuracy(Y, outputs) == 0.625
    assert macro_f1(Y, outputs) == pytest.approx((6 / 9 + 4 / 7) / 2)


def test_without_groups_the_interval_is_that_of_two_proportions() -> None:
    validation, test = np.arange(400) < 360, np.arange(400) < 320
    gap = gap_of(validation, test, None, None)
    half = 1.96 * np.sqrt(0.9 * 0.1 / 400 + 0.8 * 0.2 / 400)
    assert gap.value == pytest.approx(0.1)
    assert gap.low == pytest.approx(0.1 - half, abs=0.008)
    assert gap.high == pytest.approx(0.1 + half, abs=0.008)
    assert gap_of(validation, test, None, None) == gap
    assert gap_from_json(gap.to_json()) == gap


def test_groups_that_fail_together_widen_the_interval() -> None:
    groups = np.arange(400) // 40
    hits = groups % 5 != 0  # two of ten speakers are never recognised
    apart = gap_of(hits, hits, None, None)
    together = gap_of(hits, hits, groups, groups)
    assert together.high - together.low > 4 * (apart.high - apart.low)
    assert (together.validation_groups, together.test_groups) == (10, 10)


@pytest.mark.parametrize(
    ("gap", "words"),
    [
        (
            Gap(0.41, 0.3, 0.52, 6, 4),
            "test is 41.0 points below validation; 4 groups in the test split: record more",
        ),
        (
            Gap(0.41, 0.3, 0.52),
            "test is 41.0 points below validation: record more, from samples of other conditions",
        ),
        (Gap(0.08, 0.06, 0.1, 20, 20), "test is 8.0 points below validation: record more, from other groups"),
        (Gap(0.0, -0.1, 0.1, 6, 2), "only 2 groups in the test split"),
        (Gap(0.03, -0.01, 0.07, 9, 9), ""),
        (Gap(-0.2, -0.3, -0.1), ""),
    ],
)
def test_a_large_gap_and_few_groups_are_warnings(gap: Gap, words: str) -> None:
    assert gap.warning.startswith(words)
    assert bool(gap.warning) == bool(words)
