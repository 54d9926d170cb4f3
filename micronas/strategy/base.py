"""The protocol of all strategies, and the bounded search for a proposal that is worth a trial."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Protocol, TypeAlias, TypeVar

import numpy as np

from micronas.space import Arch
from micronas.strategy.observation import Observation

Accept: TypeAlias = Callable[[Arch], bool]
"""Whether a proposal fits the budgets and has not been asked before; the loop counts the refusals."""

A = TypeVar("A", bound=Arch)

MAX_TRIES = 100


class Strategy(Protocol):
    """Proposes architectures and learns from their outcomes; see the package for what the loop promises."""

    def ask(self, number: int) -> Arch:
        """The architecture of trial ``number``; depends on the seed, the number and the told trials only."""
        ...

    def tell(self, trial: Observation) -> None:
        """Learn a finished trial. INFEASIBLE and FAILED trials are told too and must never rank."""
        ...


def generator(seed: int, number: int) -> np.random.Generator:
    """The random numbers of one ask, independent of every other ask."""
    return np.random.default_rng([seed, number])


def first_accepted(proposals: Iterable[A], accept: Accept, max_tries: int = MAX_TRIES) -> A:
    """The first proposal that ``accept`` takes, or the last one tried when none is.

    The last one is handed out rather than an error: the loop records an over-budget architecture as an
    INFEASIBLE trial and answers a repeated one from the store, so that nothing is hidden and nothing hangs.
    """
    last: A | None = None
    for last in islice(proposals, max_tries):
        if accept(last):
            break
    if last is None:
        raise ValueError("no proposal to choose from")
    return last
