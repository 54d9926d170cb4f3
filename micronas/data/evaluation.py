"""Samples of one split for a run on a device: features as in training, and the raw samples behind them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from micronas.config import DataConfig
from micronas.data.dataset import Dataset, DataSplit, Labels
from micronas.data.load import load_split, sealed
from micronas.data.samples import RawReader
from micronas.data.split import TEST, VALIDATION
from micronas.errors import ConfigError

SPLITS = {"validation": VALIDATION, "test": TEST}
"""Where the samples may come from. The training split does not show how good a network is."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """``chosen`` samples of ``split``, of which it has ``available``.

    ``read_raw`` reads raw sample i of ``chosen``; None if the source does not keep any.
    """

    dataset: Dataset
    split: str
    available: int
    chosen: DataSplit
    read_raw: RawReader | None

    def __len__(self) -> int:
        return len(self.chosen)


def evaluation(config: DataConfig, split: str, count: int, reason: str) -> Evaluation:
    """At most ``count`` samples of ``split``, equally far apart in its order.

    The test split is unsealed for ``reason`` only if asked for. Raises ``ConfigError`` for another name.
    """
    if split not in SPLITS:
        raise ConfigError(f"unknown split {split!r}", remedy=f"splits: {', '.join(SPLITS)}")
    found = load_split(config)
    dataset = sealed(found, config)
    whole = dataset.test.unseal(reason) if split == "test" else dataset.validation
    places = spread_out(len(whole), count)
    numbers = np.flatnonzero(found.part == SPLITS[split])[places]
    raw = found.samples.raw
    return Evaluation(
        dataset=dataset,
        split=split,
        available=len(whole),
        chosen=whole.taken(places),
        read_raw=None if raw is None else lambda place: raw(int(numbers[place])),
    )


def spread_out(available: int, count: int) -> Labels:
    """``count`` numbers from 0 to ``available`` - 1, equally far apart; all if there are no more."""
    wanted = min(available, count)
    return np.asarray(np.linspace(0, available - 1, wanted).round(), np.int64)
