"""Quality of the device's outputs: top-1 accuracy, and area under the ROC curve."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from micronas.train.auc import auc

__all__ = ["auc", "macro_auc", "top1"]


def top1(results: Sequence[Sequence[float]], labels: Sequence[int]) -> float:
    """Share of samples whose largest output is their class; of equal outputs, the first counts."""
    hits = sum(int(np.argmax(vector)) == label for vector, label in zip(results, labels, strict=True))
    return hits / len(labels)


def macro_auc(results: Sequence[Sequence[float]], labels: Sequence[int]) -> float:
    """Mean one-against-rest AUC over the classes that occur."""
    classes = sorted(set(labels))
    each = [auc([vector[c] for vector in results], [label == c for label in labels]) for c in classes]
    return sum(each) / len(each)
