"""Another validation split by groups, for cross-validation: speakers or recordings change places.

One validation split of a dozen speakers says as much of these speakers as of a network. The test split stays
as it is.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from micronas.data.dataset import Dataset, DataSplit, Task
from micronas.data.split import VALIDATION, Fractions, Labels, grouped

LEAST_GROUPS = 3
"""Of the training and validation splits together; fewer cannot be split in another useful way."""


MOST_IN_TURN = 10
"""Training groups that are held out one at a time."""


def has_groups(dataset: Dataset) -> bool:
    """Whether ``regrouped`` can split it."""
    train, validation = dataset.train.groups, dataset.validation.groups
    if dataset.task is not Task.CLASSIFY or train is None or validation is None:
        return False
    return len(np.unique(np.concatenate([train, validation]))) >= LEAST_GROUPS


def regrouped(dataset: Dataset, number: int) -> Dataset:
    """The same samples with another validation split of whole groups; ``number``, from 1, says which.

    A few groups (prepared folds, half a dozen speakers) are held out in turn. Of many, as many are drawn as
    give a split of the first one's size. Values stay normalised by the first training split.
    """
    parts = (dataset.train, dataset.validation)
    assert has_groups(dataset), "only with groups"
    x, y = np.concatenate([p.x for p in parts]), np.concatenate([p.y for p in parts])
    groups = np.concatenate([p.groups for p in parts if p.groups is not None])
    held_out = _held_out(dataset, y, groups, number)
    return replace(
        dataset,
        train=DataSplit(x[~held_out], y[~held_out], groups[~held_out]),
        validation=DataSplit(x[held_out], y[held_out], groups[held_out]),
    )


def _held_out(dataset: Dataset, y: Labels, groups: Labels, number: int) -> npt.NDArray[np.bool_]:
    """Which samples are the validation split."""
    others = np.unique(dataset.train.groups) if dataset.train.groups is not None else np.unique(groups)
    if len(others) <= MOST_IN_TURN:
        in_turn = np.asarray(groups == others[(number - 1) % len(others)], np.bool_)
        if len(np.unique(y[in_turn])) == len(np.unique(y)):
            return in_turn
    share = len(dataset.validation) / len(y)
    drawn = grouped(y, groups, Fractions(validation=share, test=0.0), number)
    return np.asarray(drawn == VALIDATION, np.bool_)
