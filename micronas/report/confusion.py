"""The confusion matrix of the reported network, and the figures of each class that follow from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from micronas.trial import Json, object_at


@dataclass(frozen=True)
class ClassFigures:
    """One class: its samples, and precision, recall and F1 (0..1; None where nothing can be divided)."""

    name: str
    samples: int
    precision: float | None
    recall: float | None
    f1: float | None


@dataclass(frozen=True)
class Confusion:
    """Counts of test samples: a row per true class, a column per predicted class."""

    names: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    @property
    def balanced_accuracy(self) -> float:
        """Mean recall of the classes that have samples."""
        return _mean([one.recall for one in self.classes])

    @property
    def macro_f1(self) -> float:
        """Mean F1 of the classes that have samples."""
        return _mean([one.f1 for one in self.classes if one.samples])

    @property
    def classes(self) -> list[ClassFigures]:
        """The figures of each class, in the order of the matrix."""
        return [self._class(place) for place in range(len(self.counts))]

    def shade(self, true: int, predicted: int) -> float:
        """Share of the true class's samples, 0..1, for the colour of a cell."""
        return self.counts[true][predicted] / (sum(self.counts[true]) or 1)

    def _class(self, place: int) -> ClassFigures:
        hits, samples = self.counts[place][place], sum(self.counts[place])
        said = sum(row[place] for row in self.counts)
        f1 = 2 * hits / (samples + said) if samples + said else None
        return ClassFigures(
            self.names[place], samples, hits / said if said else None, hits / samples if samples else None, f1
        )


def read_confusion(result: dict[str, Json], names: Sequence[str]) -> Confusion | None:
    """The matrix ``confusion.matrix`` of a run's result, rows of counts; None if there is none."""
    rows = object_at(result, "confusion").get("matrix")
    if not isinstance(rows, list) or not rows:
        return None
    counts = tuple(
        tuple(n for n in row if isinstance(n, int)) if isinstance(row, list) else () for row in rows
    )
    if any(len(row) != len(counts) for row in counts):
        return None
    named = tuple(names) if len(names) == len(counts) else tuple(map(str, range(len(counts))))
    return Confusion(named, counts)


def _mean(values: Sequence[float | None]) -> float:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else 0.0
