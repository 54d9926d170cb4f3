"""Bilevel search of cells (DARTS, Liu et al., ICLR 2019), with remedies for its collapse.

One supernet, trained for seconds to minutes, serves ``draws`` asks: the first gets the normal and the
reduction cell of the strongest edges, the others get cells drawn by the edges' weights. All are in the
largest stack that the exact ledger allows. The loop evaluates these networks like all others. See
``micronas.strategy.darts``.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Callable, Iterator
from functools import singledispatch
from itertools import product
from typing import TypeAlias

import numpy as np

from micronas.errors import ConfigError
from micronas.space import Space
from micronas.space.cell import CellArch, CellSpace
from micronas.space.cell.arch import Cell, Output
from micronas.strategy.base import Accept, first_accepted, generator
from micronas.strategy.darts.checkpoint import load_cells, save_cells
from micronas.strategy.darts.discretise import drawn_cell
from micronas.strategy.darts.search import FoundCells, search_cells_named
from micronas.strategy.darts.settings import DartsSettings
from micronas.strategy.observation import Observation
from micronas.strategy.problem import DEADLINE_S, Problem
from micronas.strategy.supernet_series import Series, Supernets
from micronas.train.isolated import run_isolated

FindCells: TypeAlias = Callable[[int, int], FoundCells]
"""Nodes per cell and a seed -> the cells of one search."""

Cells: TypeAlias = tuple[Cell, Cell]
"""Normal, reduction."""


@singledispatch
def cell_space(space: Space) -> CellSpace:
    """The space of the cells that make up the networks of ``space``; raises ``ConfigError`` for others."""
    raise ConfigError(f"strategy darts does not search a {type(space).__name__}")


@cell_space.register(CellSpace)
def _itself(space: CellSpace) -> CellSpace:
    return space


class Darts:
    """Cells from a series of supernets; see the module."""

    def __init__(
        self,
        space: CellSpace,
        seed: int,
        accept: Accept,
        problem: Problem,
        find_cells: FindCells,
        draws: int,
    ) -> None:
        """One supernet serves ``draws`` consecutive asks."""
        self._space, self._seed, self._accept = space, seed, accept
        self._problem, self._find_cells = problem, find_cells
        nodes = space.limits.nodes
        self._supernets = Supernets(
            "darts",
            Series(problem.first_ask, draws),
            problem.supernets,
            train=self._train,
            load=lambda path, first: load_cells(path, nodes),
            save=save_cells,
        )

    def ask(self, number: int) -> CellArch:
        """The best cells of the supernet for ``number`` on its first ask, then drawn ones.

        They are in the largest stack that fits.
        """
        _, found = self._supernets.serving(number)
        proposals = (self._largest(cells) for cells in self._cells(found, generator(self._seed, number)))
        return first_accepted(proposals, self._accept)

    def tell(self, trial: Observation) -> None:
        """Does nothing: the searches are independent."""

    def _train(self, first: int) -> FoundCells:
        seed = int(np.random.default_rng([self._seed, first, 1]).integers(2**31))
        return self._find_cells(self._space.limits.nodes, seed)

    def _cells(self, found: FoundCells, rng: np.random.Generator) -> Iterator[Cells]:
        yield found.normal, found.reduction
        nodes, (normal, reduction) = self._space.limits.nodes, found.weights
        for _ in itertools.count():
            yield (
                drawn_cell(normal, nodes, rng, reduces=False),
                drawn_cell(reduction, nodes, rng, reduces=True),
            )

    def _largest(self, cells: Cells) -> CellArch:
        """The stack with the most operations that fits."""
        fitting = list(self._fitting(cells))
        return max(fitting, key=lambda arch: self._space.net(arch).macs) if fitting else self._smallest(cells)

    def _fitting(self, cells: Cells) -> Iterator[CellArch]:
        """For every way to stack the cells, the widest one within the budget."""
        widths = self._space.limits.widths
        for (stages, repeats), output in product(self._space.limits.stacks, Output):
            sizes = [self._stacked(cells, stages, repeats, channels, output) for channels in widths]
            # Bytes grow with the channels, so bisection finds the first that does not fit.
            fitting = bisect.bisect_left(sizes, True, key=lambda arch: not self._problem.fits(arch))
            if fitting:
                yield sizes[fitting - 1]

    def _smallest(self, cells: Cells) -> CellArch:
        """For cells that do not fit in any stack; the loop records it as over budget, with the reason."""
        stages, repeats = self._space.limits.stacks[0]
        return self._stacked(cells, stages, repeats, self._space.limits.widths[0], Output.ADD)

    def _stacked(self, cells: Cells, stages: int, repeats: int, channels: int, output: Output) -> CellArch:
        raw = CellArch(
            normal=cells[0],
            reduction=cells[1],
            channels=channels,
            repeats=repeats,
            stages=stages,
            stem_stride=2,
            output=output,
        )
        return self._space.from_json(self._space.to_json(raw))


def cell_search(problem: Problem, settings: DartsSettings) -> FindCells:
    """Trains the supernet in a separate process."""

    def find(nodes: int, seed: int) -> FoundCells:
        return run_isolated(search_cells_named, problem.data, nodes, settings, seed, deadline_s=DEADLINE_S)

    return find
