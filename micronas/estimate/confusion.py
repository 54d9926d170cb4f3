"""Which classes a network takes for which: the confusion matrix, recall and precision of each class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from micronas.trial import Json

Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Confusion:
    """``matrix[i][j]`` counts samples of class i that the network takes for class j."""

    classes: tuple[str, ...]
    matrix: tuple[tuple[int, ...], ...]

    @property
    def recall(self) -> tuple[float | None, ...]:
        """Share of each class' samples that are recognised; None for a class without samples."""
        return tuple(_share(row[i], sum(row)) for i, row in enumerate(self.matrix))

    @property
    def precision(self) -> tuple[float | None, ...]:
        """Share of each prediction that is right; None for a class that is never predicted."""
        columns = zip(*self.matrix, strict=True)
        return tuple(_share(column[i], sum(column)) for i, column in enumerate(columns))

    @property
    def balanced_accuracy(self) -> float:
        """Mean recall of the classes that have samples."""
        found = [value for value in self.recall if value is not None]
        return sum(found) / len(found) if found else 0.0

    @property
    def macro_f1(self) -> float:
        """Mean over the classes that have samples of 2 x hits / (samples + predictions)."""
        scores = []
        for i, row in enumerate(self.matrix):
            predicted = sum(other[i] for other in self.matrix)
            if sum(row):
                scores.append(2 * row[i] / (sum(row) + predicted))
        return sum(scores) / len(scores) if scores else 0.0

    def to_json(self) -> dict[str, Json]:
        """Counts, and what follows from them."""
        return {
            "classes": list(self.classes),
            "matrix": [list(row) for row in self.matrix],
            "recall": list(self.recall),
            "precision": list(self.precision),
            "balanced_accuracy": self.balanced_accuracy,
            "macro_f1": self.macro_f1,
        }


def confusion_of(y: Labels, answers: Labels, classes: Sequence[str]) -> Confusion:
    """From labels and predictions (N,), both from 0."""
    table = np.zeros((len(classes), len(classes)), np.int64)
    np.add.at(table, (y, answers), 1)
    return Confusion(tuple(classes), tuple(tuple(int(n) for n in row) for row in table))


def confusion_from_json(value: Mapping[str, Json]) -> Confusion:
    """The inverse of ``to_json``; raises ``TypeError`` for another form."""
    classes, matrix = value["classes"], value["matrix"]
    if not isinstance(classes, list) or not isinstance(matrix, list):
        raise TypeError(f"confusion is {value!r}")
    rows = [[n for n in row if isinstance(n, int)] for row in matrix if isinstance(row, list)]
    return Confusion(tuple(str(name) for name in classes), tuple(tuple(row) for row in rows))


def _share(hits: int, of: int) -> float | None:
    return hits / of if of else None
