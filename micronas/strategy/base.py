"""The protocol of all strategies, and the bounded search for an acceptable proposal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Protocol, TypeAlias, TypeVar

import numpy as np

from micronas.space import Arch
from micronas.strategy.observation import Observation

Accept: TypeAlias = Callable[[Arch], bool]
"""Whether a proposal is within the budgets and new; the loop counts the refusals."""

A = TypeVar("A", bound=Arch)

MAX_TRIES = 100


class Strategy(Protocol):
    """Proposes architectures and learns from their outcomes; the package states the loop's guarantees."""

    def ask(self, number: int) -> Arch:
        """The architecture of trial ``number``; depends only on the seed, the number and the reported
        trials.
        """
        ...

    def tell(self, trial: Observation) -> None:
        """Learn from a finished trial. INFEASIBLE and FAILED trials are reported too, but must never rank."""
        ...


class Guide(Protocol):
    """Learns from trials which of several untried networks to try."""

    def tell(self, trial: Observation) -> None:
        """Learn a finished trial."""
        ...

    def best_of(self, archs: Sequence[Arch]) -> Arch:
        """The most promising of ``archs``, which are not empty."""
        ...


OFFSPRING = 8
"""Children among which a guide chooses."""


def generator(seed: int, number: int) -> np.random.Generator:
    """The random numbers of one ask, independent of every other ask."""
    return np.random.default_rng([seed, number])


def accepted(proposals: Iterable[A], accept: Accept, count: int, max_tries: int = MAX_TRIES) -> list[A]:
    """Up to ``count`` different proposals that ``accept`` takes; the last one tried when it takes none."""
    found: list[A] = []
    last: A | None = None
    for last in islice(proposals, max_tries):
        if last not in found and accept(last):
            found.append(last)
        if len(found) == count:
            break
    if last is None:
        raise ValueError("no proposal to choose from")
    return found or [last]


def first_accepted(proposals: Iterable[A], accept: Accept, max_tries: int = MAX_TRIES) -> A:
    """The first proposal that ``accept`` takes, or the last one tried if none is accepted.

    There is no error in that case: the loop records an architecture over budget as an INFEASIBLE trial and
    answers a repeated one from the store, so nothing is hidden and nothing hangs.
    """
    last: A | None = None
    for last in islice(proposals, max_tries):
        if accept(last):
            break
    if last is None:
        raise ValueError("no proposal to choose from")
    return last
