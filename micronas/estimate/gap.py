"""The gap between validation and test, with an interval that respects groups.

Samples of one speaker succeed and fail together, so groups are resampled and not samples (cluster bootstrap,
Field & Welsh 2007). With a handful of groups even that interval is too narrow, which the warning says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from micronas.errors import plural
from micronas.trial import Json

RESAMPLES = 2000
LEVEL = (2.5, 97.5)
LARGE = 0.05
"""A gap that is surely above this, or twice this in any case, is a warning."""
FEW_GROUPS = 5

Hits = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Gap:
    """Validation accuracy minus test accuracy of the int8 network, and its 95 % interval.

    ``validation_groups`` and ``test_groups`` count speakers, persons or recordings; None without groups.
    """

    value: float
    low: float
    high: float
    validation_groups: int | None = None
    test_groups: int | None = None

    @property
    def warning(self) -> str:
        """What to think of it; empty if the gap is small and the splits have enough groups."""
        few = self.test_groups is not None and self.test_groups < FEW_GROUPS
        groups = (
            f"{plural(self.test_groups, 'group')} in the test split" if self.test_groups is not None else ""
        )
        if self.low > LARGE or self.value > 2 * LARGE:
            cause = f"; {groups}" if few else ""
            more = "other groups (speakers, persons, recordings)" if groups else "samples of other conditions"
            return f"test is {100 * self.value:.1f} points below validation{cause}: record more, from {more}"
        if few:
            return f"only {groups}: this accuracy says little about new ones; record more"
        return ""

    def to_json(self) -> dict[str, Json]:
        """Every field, and the warning."""
        return {
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "validation_groups": self.validation_groups,
            "test_groups": self.test_groups,
            "warning": self.warning,
        }


def gap_of(validation: Hits, test: Hits, validation_groups: Labels | None, test_groups: Labels | None) -> Gap:
    """From whether each sample is recognised (N,), and their groups; equal inputs give an equal interval."""
    rng = np.random.default_rng(0)
    differences = drawn_accuracies(rng, validation, validation_groups) - drawn_accuracies(
        rng, test, test_groups
    )
    low, high = (float(v) for v in np.percentile(differences, LEVEL))
    return Gap(
        float(validation.mean() - test.mean()),
        low,
        high,
        None if validation_groups is None else len(np.unique(validation_groups)),
        None if test_groups is None else len(np.unique(test_groups)),
    )


def drawn_accuracies(rng: np.random.Generator, hits: Hits, groups: Labels | None) -> npt.NDArray[np.float64]:
    """Accuracies (RESAMPLES,) of samples, or of whole groups, drawn with replacement."""
    if groups is None:
        return rng.binomial(len(hits), hits.mean(), RESAMPLES) / len(hits)
    _, index = np.unique(groups, return_inverse=True)
    size = np.bincount(index).astype(np.float64)
    right = np.bincount(index, weights=hits.astype(np.float64))
    drawn = rng.multinomial(len(size), np.full(len(size), 1 / len(size)), RESAMPLES)
    accuracies: npt.NDArray[np.float64] = (drawn @ right) / (drawn @ size)
    return accuracies


def gap_from_json(value: Mapping[str, Json]) -> Gap:
    """The inverse of ``to_json``; raises ``TypeError`` for another form."""

    def groups(key: str) -> int | None:
        found = value.get(key)
        return found if isinstance(found, int) else None

    numbers = [value[key] for key in ("value", "low", "high")]
    floats = [float(number) for number in numbers if isinstance(number, int | float)]
    if len(floats) != len(numbers):
        raise TypeError(f"gap is {value!r}")
    gap, low, high = floats
    return Gap(gap, low, high, groups("validation_groups"), groups("test_groups"))
