"""Splits that depend only on a seed: the same on every operating system and NumPy version.

They use PCG64's raw words, whose stream NumPy guarantees, and not its shuffle, whose algorithm may change.
Ties keep the order of the samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Labels: TypeAlias = npt.NDArray[np.int64]

TRAIN, VALIDATION, TEST = 0, 1, 2


@dataclass(frozen=True)
class Fractions:
    """Shares of the validation and test splits; the rest is for training."""

    validation: float = 0.15
    test: float = 0.15


def stratified(y: Labels, fractions: Fractions, seed: int) -> Labels:
    """Part (TRAIN, VALIDATION, TEST) of each sample, every class split in the same shares.

    The parts' sizes are ``round(N * fraction)``; rounding errors of the classes go where they are
    largest. A class of two samples has one in training and one in validation; a class of three or more
    is in all three parts.
    """
    parts = np.zeros(len(y), np.int64)
    counts = np.bincount(y)
    validation = _shares(counts, fractions.validation, spare=1)
    test = _shares(counts, fractions.test, spare=2)
    rank = _seeded_rank(len(y), seed)
    for label in np.flatnonzero(counts):
        members = np.flatnonzero(y == label)
        members = members[np.argsort(rank[members], kind="stable")]
        n_validation, n_test = validation[label], test[label]
        parts[members[:n_validation]] = VALIDATION
        parts[members[n_validation : n_validation + n_test]] = TEST
    return parts


def one_class(y: Labels, fractions: Fractions, seed: int) -> Labels:
    """Part of each sample if only label 0 is trained on; all other labels are halved as evenly as possible.

    Normal samples are split in the given shares; of the rest, one half is for VALIDATION and one for TEST.
    """
    parts = np.zeros(len(y), np.int64)
    parts[y == 0] = stratified(y[y == 0], fractions, seed)
    rank = _seeded_rank(len(y), seed)
    others = np.flatnonzero(y != 0)
    others = others[np.lexsort((rank[others], y[others]))]
    parts[others[::2]], parts[others[1::2]] = VALIDATION, TEST
    return parts


def grouped(y: Labels, groups: Labels, fractions: Fractions, seed: int) -> Labels:
    """Part of each sample such that no group (speaker, recording) is in two parts.

    Greedy, largest groups first: a group goes to the part that lacks most of its classes, measured as squared
    distance to each part's share of every class.
    """
    names, index = np.unique(groups, return_inverse=True)
    table = np.zeros((len(names), int(y.max()) + 1))
    np.add.at(table, (index, y), 1)
    shares = np.array([1 - fractions.validation - fractions.test, fractions.validation, fractions.test])
    wanted = shares[:, None] * table.sum(axis=0)[None, :]
    have = np.zeros_like(wanted)
    rank = _seeded_rank(len(names), seed)
    part_of_group = np.zeros(len(names), np.int64)
    for group in np.lexsort((rank, -table.sum(axis=1))):
        before = ((wanted - have) ** 2).sum(axis=1)
        after = ((wanted - have - table[group]) ** 2).sum(axis=1)
        gain = np.full(len(shares), np.inf)
        gain[shares > 0] = (after - before)[shares > 0] / shares[shares > 0]
        part = int(np.argmin(gain))
        part_of_group[group] = part
        have[part] += table[group]
    _give_missing_classes(part_of_group, table, shares, rank)
    return part_of_group[index]


def _give_missing_classes(
    part_of_group: Labels,
    table: npt.NDArray[np.float64],
    shares: npt.NDArray[np.float64],
    rank: npt.NDArray[np.uint64],
) -> None:
    """Few groups can leave a part without a class: the smallest group that its part can spare moves there.

    ``table`` (groups, classes) counts samples; ``part_of_group`` is changed in place.
    """
    for part in np.flatnonzero(shares > 0):
        for label in np.flatnonzero(table.sum(axis=0)):
            holders = np.flatnonzero(table[:, label])
            if np.any(part_of_group[holders] == part):
                continue
            spare = [g for g in holders if _can_spare(g, part_of_group, table)]
            if spare:
                part_of_group[min(spare, key=lambda g: (table[g].sum(), rank[g]))] = part


def _can_spare(group: np.int64, part_of_group: Labels, table: npt.NDArray[np.float64]) -> bool:
    """Whether every class of ``group`` has another group in the same part."""
    others = np.flatnonzero(part_of_group == part_of_group[group])
    others = others[others != group]
    return bool(np.all(table[others][:, table[group] > 0].sum(axis=0) > 0))


def folds(fold: Labels, seed: int) -> Labels:
    """Part of each sample by prepared folds: fold ``seed`` is the test split, the next one validation."""
    names, index = np.unique(fold, return_inverse=True)
    parts = np.zeros(len(fold), np.int64)
    parts[index == seed % len(names)] = TEST
    parts[index == (seed + 1) % len(names)] = VALIDATION
    return parts


def _seeded_rank(n: int, seed: int) -> npt.NDArray[np.uint64]:
    return np.asarray(np.random.PCG64(seed).random_raw(n), np.uint64)


def _shares(counts: Labels, fraction: float, spare: int) -> Labels:
    """Samples per class: largest-remainder rounding, at least one while ``spare`` samples remain."""
    exact = counts * fraction
    shares = np.floor(exact).astype(np.int64)
    missing = round(counts.sum() * fraction) - int(shares.sum())
    shares[np.argsort(-(exact - shares), kind="stable")[:missing]] += 1
    if fraction > 0:
        shares = np.where((counts > spare) & (shares == 0), 1, shares)
    return np.minimum(shares, np.maximum(counts - spare, 0))
