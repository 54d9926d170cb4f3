"""Networks of every size that a budget allows.

Samples of a space are small: the genes are drawn one by one, and a network is as large as the budget only if
all of them are. A draw for a target size starts from a sample and keeps every mutation that makes it larger
and still fits, by the exact ledger, until it is as large as the target. It grows within the reward's target
latency too: a network far beyond it is the slowest to train and cannot win.

Of spaces in which hardly a sample fits a small budget, one that does not is made smaller first.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from micronas.space import Arch, Space
from micronas.strategy.problem import Problem

Draw = Callable[[np.random.Generator], Arch]
"""Random numbers -> an architecture."""

STEPS = 24
"""Mutations tried per draw: each costs a ledger, a few milliseconds."""


@runtime_checkable
class HasSmaller(Protocol):
    """A space that knows smaller forms of an architecture."""

    def smaller(self, arch: Arch) -> Iterator[Sequence[Arch]]:
        """Series of them, each from the smallest to the largest."""
        ...


def sized_draw(space: Space, problem: Problem | None) -> Draw:
    """Draws with target sizes spread evenly over the flash budget; plain samples without a ``problem``."""
    if problem is None:
        return space.sample

    def draw(rng: np.random.Generator) -> Arch:
        target = rng.uniform(0.0, problem.budget.flash_bytes)
        return grown(space, fitted(space, space.sample(rng), problem, target), rng, problem, target)

    return draw


def fitted(space: Space, arch: Arch, problem: Problem, target_bytes: float) -> Arch:
    """``arch`` if it fits, otherwise the largest of its smaller forms that fits and has ``target_bytes`` of
    flash at most, or the smallest that fits; unchanged if none does or the space knows none.
    """
    if not isinstance(space, HasSmaller) or problem.fits(arch):
        return arch

    def too_large(one: Arch) -> bool:
        return not problem.fits(one) or problem.ledger(one).flash_bytes > target_bytes

    for series in space.smaller(arch):
        if series and problem.fits(series[0]):
            return series[bisect_left(series, True, lo=1, key=too_large) - 1]
    return arch


def grown(space: Space, arch: Arch, rng: np.random.Generator, problem: Problem, target_bytes: float) -> Arch:
    """``arch``, or a larger one that fits, meets the target latency and has about ``target_bytes`` of flash.

    An architecture that does not fit comes back unchanged.
    """
    if not problem.fits(arch):
        return arch
    flash_bytes = problem.ledger(arch).flash_bytes
    for _ in range(STEPS):
        if flash_bytes >= target_bytes:
            break
        child = space.mutate(arch, rng)
        child_bytes = problem.ledger(child).flash_bytes
        if child_bytes > flash_bytes and problem.fits(child) and problem.meets_target(child):
            arch, flash_bytes = child, child_bytes
    return arch
