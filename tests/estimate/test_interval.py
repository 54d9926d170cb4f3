"""Confidence intervals of accuracies, against SciPy's, and over groups."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from micronas.estimate.interval import accuracy_interval


@pytest.mark.parametrize(("hits", "of"), [(0, 12), (8, 10), (738, 750), (750, 750), (1, 1)])
def test_wilsons_interval_equals_scipys(hits, of):
    found = accuracy_interval(np.arange(of) < hits, None)
    known = binomtest(hits, of).proportion_ci(0.95, method="wilson")
    assert (found.low, found.high) == pytest.approx((known.low, known.high), abs=1e-6)
    assert found.method == "Wilson"


def test_samples_that_share_a_group_say_less():
    hits, groups = np.repeat([True, True, False, True], 50), np.repeat([0, 1, 2, 3], 50)
    grouped, single = accuracy_interval(hits, groups), accuracy_interval(hits, None)
    assert grouped.high - grouped.low > 3 * (single.high - single.low)
    assert grouped.method == "bootstrap over 4 groups"
    assert accuracy_interval(hits, np.zeros(200, np.int64)).method == "Wilson"
