"""Cross-validation by groups: nothing of a group on both sides, every sample once, other groups each time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from micronas.data import Dataset, DataSplit, FrontEnd, SealedTest, Task
from micronas.data.dataset import DataKind
from micronas.data.regroup import has_groups, regrouped


def split(groups: list[int], per_group: int = 6) -> DataSplit:
    """Six samples of three classes per group; the value of a sample names its group."""
    numbers = np.repeat(np.array(groups, np.int64), per_group)
    x = numbers.astype(np.float32).reshape(-1, 1, 1, 1)
    return DataSplit(x, np.tile(np.arange(per_group, dtype=np.int64) % 3, len(groups)), numbers)


def dataset(train: list[int], validation: list[int]) -> Dataset:
    return Dataset(
        "made up",
        DataKind.STREAM,
        split(train),
        split(validation),
        SealedTest(split([99])),
        ("a", "b", "c"),
        (0.0, 1.0),
        FrontEnd("none", 1),
    )


@pytest.mark.parametrize(("train", "validation"), [(range(30), range(30, 37)), (range(4), range(4, 5))])
def test_whole_groups_change_places(train: range, validation: range) -> None:
    first = dataset([*train], [*validation])
    seen = set()
    for number in (1, 2, 3):
        again = regrouped(first, number)
        out = set(np.unique(again.validation.x))
        assert not out & set(np.unique(again.train.x))
        assert len(again.train) + len(again.validation) == len(first.train) + len(first.validation)
        assert len(again.validation) == pytest.approx(len(first.validation), abs=6)
        assert set(np.unique(again.validation.y)) == {0, 1, 2}
        assert np.array_equal(again.validation.x.ravel(), again.validation.groups)
        assert again.test is first.test
        seen.add(tuple(sorted(out)))
    assert len(seen) == 3
    assert np.array_equal(regrouped(first, 2).validation.x, regrouped(first, 2).validation.x)


def test_data_without_groups_or_with_two_are_not_split_again() -> None:
    assert has_groups(dataset([0, 1], [2]))
    assert not has_groups(dataset([0], [1]))
    assert not has_groups(replace(dataset([0, 1], [2]), task=Task.DETECT_ANOMALIES))
    nameless = replace(split([0, 1]), groups=None)
    assert not has_groups(replace(dataset([0, 1], [2]), train=nameless))
