"""NSGA-II as it was published: the first child that fits is the next trial."""

from __future__ import annotations

from benchmarks.fronts.cells import TRIALS
from micronas.space import Space
from micronas.strategy import Accept, Strategy
from micronas.strategy.nsga2 import Nsga2


def first_child(space: Space, seed: int, accept: Accept) -> Strategy:
    """The population is that of the shipped NSGA-II for as many trials."""
    return Nsga2(space, seed, accept, population=TRIALS // 4)
