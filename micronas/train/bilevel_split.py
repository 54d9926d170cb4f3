"""Training data of a bilevel search: two disjoint halves of the training split, and their batches."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from micronas.data import DataSplit

Ints = npt.NDArray[np.int32]


def halves(train: DataSplit, seed: int) -> tuple[DataSplit, DataSplit]:
    """Two disjoint halves with the classes in equal shares: for weights and for architecture."""
    shuffled = np.random.default_rng([seed, 0]).permutation(len(train))
    by_class = shuffled[np.argsort(train.y[shuffled], kind="stable")]
    first, second = by_class[::2], by_class[1::2]
    return train.taken(first), train.taken(second)


def shuffled_batches(rng: np.random.Generator, samples: int, steps: int, batch: int) -> Ints:
    """int32 (steps, batch): consecutive epochs of shuffled samples, truncated at the end."""
    needed = steps * batch
    epochs = [rng.permutation(samples) for _ in range(-(-needed // samples))]
    order: Ints = np.concatenate(epochs)[:needed].reshape(steps, batch).astype(np.int32)
    return order
