"""Which classes a network takes for which: the confusion matrix, recall and precision of each class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from micronas.trial import Json

Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ClassFigures:
    """One class: its samples, and precision, recall and F1 (0..1; None without a sample to divide by)."""

    name: str
    samples: int
    precision: float | None
    recall: float | None
    f1: float | None


@dataclass(frozen=True)
class Confusion:
    """``matrix[i][j]`` counts samples of class i that the network takes for class j."""

    classes: tuple[str, ...]
    matrix: tuple[tuple[int, ...], ...]

    @property
    def figures(self) -> tuple[ClassFigures, ...]:
        """The figures of each class."""
        return tuple(self._figures(place) for place in range(len(self.matrix)))

    @property
    def recall(self) -> tuple[float | None, ...]:
        """Share of each class' samples that are recognised; None for a class without samples."""
        return tuple(one.recall for one in self.figures)

    @property
    def precision(self) -> tuple[float | None, ...]:
        """Share of each prediction that is right; None for a class that is never predicted."""
        return tuple(one.precision for one in self.figures)

    @property
    def balanced_accuracy(self) -> float:
        """Mean recall of the classes that have samples."""
        return _mean(self.recall)

    @property
    def macro_f1(self) -> float:
        """Mean over the classes that have samples of 2 x hits / (samples + predictions)."""
        return _mean([one.f1 for one in self.figures if one.samples])

    def shade(self, true: int, predicted: int) -> float:
        """Share of the true class' samples, 0..1, for the colour of a cell."""
        return _share(self.matrix[true][predicted], sum(self.matrix[true])) or 0.0

    def _figures(self, place: int) -> ClassFigures:
        hits, samples = self.matrix[place][place], sum(self.matrix[place])
        predicted = sum(row[place] for row in self.matrix)
        return ClassFigures(
            self.classes[place],
            samples,
            _share(hits, predicted),
            _share(hits, samples),
            _share(2 * hits, samples + predicted),
        )

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
    classes, matrix = value.get("classes"), value.get("matrix")
    if not isinstance(classes, list) or not isinstance(matrix, list):
        raise TypeError(f"confusion is {value!r}")
    rows = [tuple(n for n in row if isinstance(n, int)) for row in matrix if isinstance(row, list)]
    if any(len(line) != len(classes) for line in (matrix, *rows)):
        raise TypeError(f"the matrix of {len(classes)} classes is {matrix!r}")
    return Confusion(tuple(str(name) for name in classes), tuple(rows))


def _share(hits: int, of: int) -> float | None:
    return hits / of if of else None


def _mean(values: Sequence[float | None]) -> float:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else 0.0
