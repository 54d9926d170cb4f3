"""Search by one-step changes, shared by the spaces: which steps lead to other networks.

A *move* is a kind of change; it yields raw architectures. Bringing them into canonical form, dropping
those that come out as the network they started from, and counting each network once is the same everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import numpy as np

from micronas.errors import SpaceError

A = TypeVar("A")


def distinct(
    reached: Iterable[A], start: A, canonical: Callable[[A], A], identity: Callable[[A], object]
) -> list[A]:
    """Canonical forms of ``reached`` whose ``identity`` differs from that of ``start``, each once."""
    seen = {identity(canonical(start))}
    kept = []
    for arch in dict.fromkeys(canonical(raw) for raw in reached):
        name = identity(arch)
        if name not in seen:
            seen.add(name)
            kept.append(arch)
    return kept


def one_step(moves: Sequence[Callable[[], list[A]]], rng: np.random.Generator, space: str) -> A:
    """A kind of change first, each as likely as the other, then one of that kind."""
    for move in rng.permutation(len(moves)):
        options = moves[int(move)]()
        if options:
            return options[int(rng.integers(len(options)))]
    raise SpaceError(f"the {space} space holds a single network")
