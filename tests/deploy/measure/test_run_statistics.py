"""Median, interquartile range and outliers of repeated runs, by hand."""

from __future__ import annotations

import pytest

from micronas.deploy.measure import RunStatistics


def statistics_of(*counts: int) -> RunStatistics:
    return RunStatistics(counts, warm_up=0)


def test_the_quartiles_are_those_of_the_runs_themselves() -> None:
    """Of 10, 20, 30, 40, 50 the quartiles are 20 and 40, so the fences lie at -10 and 70."""
    runs = statistics_of(50, 10, 40, 20, 30)
    assert (runs.median, runs.iqr) == (30, 20)
    assert runs.outliers == ()
    assert statistics_of(10, 20, 30, 40, 70).outliers == ()
    assert statistics_of(10, 20, 30, 40, 71).outliers == (71,)


@pytest.mark.parametrize(("odd", "outliers"), [(999, ()), (1001, ()), (1002, (1002,)), (998, (998,))])
def test_a_thousandth_of_the_median_is_no_outlier_however_alike_the_others_are(
    odd: int, outliers: tuple[int, ...]
) -> None:
    runs = statistics_of(*[1000] * 14, odd)
    assert runs.iqr == 0
    assert runs.outliers == outliers


def test_a_single_run_is_its_own_median() -> None:
    runs = statistics_of(7)
    assert (runs.median, runs.iqr, runs.outliers) == (7, 0, ())
