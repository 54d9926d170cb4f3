"""The relaxed choices of a backbone, by name instead of by position."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

Vector: TypeAlias = Any
"""Tensor or array that sums to one over the options of a decision."""


@dataclass(frozen=True, eq=False)
class SlotDecisions:
    """Of one block; ``keep`` is (keep, skip), or (1,) if it cannot be skipped."""

    candidate: Vector
    width: Vector
    keep: Vector


@dataclass(frozen=True, eq=False)
class Decisions:
    """All decisions of a backbone."""

    stem_kernel: Vector
    stem_width: Vector
    slots: tuple[SlotDecisions, ...]


def by_name(vectors: Sequence[Vector]) -> Decisions:
    """``vectors`` in the order of ``Backbone.decision_sizes``."""
    slots = tuple(SlotDecisions(*vectors[i : i + 3]) for i in range(2, len(vectors), 3))
    return Decisions(vectors[0], vectors[1], slots)
