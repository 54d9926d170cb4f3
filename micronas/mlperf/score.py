"""Quality by the outputs of the device: top-1 accuracy, and area under the ROC curve."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from micronas.errors import DataError


def top1(results: Sequence[Sequence[float]], labels: Sequence[int]) -> float:
    """Share of samples whose largest output is their class; of equal outputs the first counts."""
    hits = sum(int(np.argmax(vector)) == label for vector, label in zip(results, labels, strict=True))
    return hits / len(labels)


def auc(scores: Sequence[float], positive: Sequence[bool]) -> float:
    """Area under the ROC curve: how often a positive scores above a negative, ties counting half.

    That is the Mann-Whitney statistic (Hanley and McNeil, 1982). ``DataError`` without one of the classes.
    """
    values, is_positive = np.asarray(scores), np.asarray(positive, dtype=bool)
    ours, others = values[is_positive], np.sort(values[~is_positive])
    if len(ours) == 0 or len(others) == 0:
        raise DataError("an AUC needs samples of both classes", remedy="give more samples")
    below = np.searchsorted(others, ours, side="left")
    not_above = np.searchsorted(others, ours, side="right")
    return float((below + not_above).sum() / (2 * len(ours) * len(others)))


def macro_auc(results: Sequence[Sequence[float]], labels: Sequence[int]) -> float:
    """Mean over the classes that occur of each one's AUC against the rest."""
    classes = sorted(set(labels))
    each = [auc([vector[c] for vector in results], [label == c for label in labels]) for c in classes]
    return sum(each) / len(each)
