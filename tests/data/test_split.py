"""Splits: sizes, strata, groups, and the same draw on every system."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from micronas.data.split import TEST, TRAIN, VALIDATION, Fractions, folds, grouped, stratified


def test_a_draw_is_pinned_to_the_bit():
    # Written down once; a change of NumPy, platform or code that moves a sample shows here.
    y = np.repeat([0, 1, 2], [7, 5, 8])
    part = stratified(y, Fractions(0.25, 0.25), seed=3)
    assert "".join(map(str, part)) == "12001202010022001001"


def test_mnist_sized_split_is_exact_and_balanced():
    y = np.repeat(np.arange(10), 500)
    part = stratified(y, Fractions(), seed=0)
    assert [int((part == p).sum()) for p in (TRAIN, VALIDATION, TEST)] == [3500, 750, 750]
    assert (np.bincount(y[part == VALIDATION]) == 75).all()


@given(st.lists(st.integers(2, 40), min_size=2, max_size=8), st.integers(0, 1000))
@settings(max_examples=100, deadline=None)
def test_small_classes_are_in_training_and_validation(counts, seed):
    y = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    part = stratified(y, Fractions(), seed)
    for label, count in enumerate(counts):
        of_class = part[y == label]
        assert np.any(of_class == TRAIN)
        assert np.any(of_class == VALIDATION)
        assert np.any(of_class == TEST) == (count > 2)


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_no_group_is_in_two_parts_and_shares_are_near(seed):
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, 60, 900)
    y = rng.integers(0, 4, 900)
    part = grouped(y, groups, Fractions(0.2, 0.2), seed)
    for group in range(60):
        assert len(set(part[groups == group])) <= 1
    for number in (VALIDATION, TEST):
        shares = np.bincount(y[part == number], minlength=4) / np.bincount(y)
        assert np.all((shares > 0.12) & (shares < 0.28))


def test_groups_of_one_class_each_leave_every_class_everywhere():
    # As in activity recordings: a recording shows one activity only.
    groups = np.repeat(np.arange(30), 10)
    y = groups % 3
    part = grouped(y, groups, Fractions(), seed=1)
    for number in (TRAIN, VALIDATION, TEST):
        assert set(y[part == number]) == {0, 1, 2}


def test_three_groups_of_a_class_are_enough_for_three_parts():
    for classes in (2, 3, 5):
        groups = np.repeat(np.arange(3 * classes), 10)
        y = groups % classes
        part = grouped(y, groups, Fractions(), seed=0)
        for number in (TRAIN, VALIDATION, TEST):
            assert set(y[part == number]) == set(range(classes))


def test_halves_have_no_training_part():
    groups = np.repeat(np.arange(4), 5)
    part = grouped(np.ones(20, np.int64), groups, Fractions(0.5, 0.5), seed=0)
    assert np.bincount(part).tolist() == [0, 10, 10]


def test_folds_rotate_with_the_seed():
    fold = np.array([3, 3, 5, 5, 9, 9])
    assert folds(fold, 0).tolist() == [TEST, TEST, VALIDATION, VALIDATION, TRAIN, TRAIN]
    assert folds(fold, 2).tolist() == [VALIDATION, VALIDATION, TRAIN, TRAIN, TEST, TEST]


def test_seeds_differ_and_repeat():
    y = np.repeat(np.arange(3), 30)
    assert (stratified(y, Fractions(), 5) == stratified(y, Fractions(), 5)).all()
    assert (stratified(y, Fractions(), 5) != stratified(y, Fractions(), 6)).any()
