"""Bilevel search of cells (DARTS, Liu et al., ICLR 2019), with the cures for its collapse.

Every ask is a whole search of its own, seeded by the run's seed and the number: it trains one supernet for a
minute or two, discretises a normal and a reduction cell, and stacks them as large as the exact ledger allows.
How good that network is, the loop finds out as for every other. See ``micronas.estimate.darts``.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterator
from itertools import product
from typing import TypeAlias

from micronas.estimate.darts.search import FoundCells, search_cells_named
from micronas.estimate.darts.settings import DartsSettings
from micronas.estimate.isolated import run_isolated
from micronas.space.cell import CellArch, CellSpace
from micronas.space.cell.arch import Output
from micronas.strategy.base import Accept, first_accepted, generator
from micronas.strategy.problem import DEADLINE_S, Problem
from micronas.trial import Trial

FindCells: TypeAlias = Callable[[int, int], FoundCells]
"""Nodes per cell and a seed -> the cells of one search."""


class Darts:
    """One bilevel search per ask; see the module."""

    def __init__(
        self, space: CellSpace, seed: int, accept: Accept, problem: Problem, find_cells: FindCells
    ) -> None:
        self._space, self._seed, self._accept = space, seed, accept
        self._problem, self._find_cells = problem, find_cells

    def ask(self, number: int) -> CellArch:
        """The cells of search ``number`` in the stack with most operations that fits, else in the next."""
        seed = int(generator(self._seed, number).integers(2**31))
        found = self._find_cells(self._space.limits.nodes, seed)
        fitting = sorted(self._fitting(found), key=lambda arch: -self._space.net(arch).macs)
        proposals = fitting or [self._smallest(found)]
        chosen: CellArch = first_accepted(proposals, self._accept)
        return chosen

    def tell(self, trial: Trial) -> None:
        """Learns nothing: the searches are independent."""

    def _fitting(self, found: FoundCells) -> Iterator[CellArch]:
        """Of every way to stack the cells, the widest that is within the budget."""
        widths = self._space.limits.widths
        for (stages, repeats), output in product(self._space.limits.stacks, Output):
            sizes = [self._stacked(found, stages, repeats, channels, output) for channels in widths]
            # Bytes grow with the channels, so the first that does not fit can be found by halving.
            fitting = bisect.bisect_left(sizes, True, key=lambda arch: not self._problem.fits(arch))
            if fitting:
                yield sizes[fitting - 1]

    def _smallest(self, found: FoundCells) -> CellArch:
        """For cells that fit in no stack: the loop records it as over budget, with the reason."""
        stages, repeats = self._space.limits.stacks[0]
        return self._stacked(found, stages, repeats, self._space.limits.widths[0], Output.ADD)

    def _stacked(
        self, found: FoundCells, stages: int, repeats: int, channels: int, output: Output
    ) -> CellArch:
        raw = CellArch(
            normal=found.normal,
            reduction=found.reduction,
            channels=channels,
            repeats=repeats,
            stages=stages,
            stem_stride=2,
            output=output,
        )
        return self._space.from_json(self._space.to_json(raw))


def cell_search(problem: Problem, settings: DartsSettings) -> FindCells:
    """Trains the supernet in a process of its own."""

    def find(nodes: int, seed: int) -> FoundCells:
        return run_isolated(search_cells_named, problem.data, nodes, settings, seed, deadline_s=DEADLINE_S)

    return find
