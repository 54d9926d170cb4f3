"""Differentiable search by Gumbel-softmax under byte budgets, as in MicroNets (Banbury et al., MLSys 2021).

One supernet, trained for seconds to minutes, serves ``draws`` asks: the first gets the network that its
choices amount to, the others are drawn from the probabilities that it learned, as in FBNet (Wu et al., CVPR
2019), all of them within the budget by the exact ledger. How good these networks are, the loop finds out as
for every other. See ``micronas.estimate.dnas``.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np

from micronas.estimate.dnas.backbone import Backbone, draw_layout, make_backbone
from micronas.estimate.dnas.choice import Choice, DnasSpace, best_choice, drawn_choice, repaired
from micronas.estimate.dnas.cost_tables import Costs, CostTables, make_cost_tables, net_costs
from micronas.estimate.dnas.kept import load_learned, save_learned
from micronas.estimate.dnas.limits import limits_of, widest_useful
from micronas.estimate.dnas.micronets_backbone import make_micronets_backbone
from micronas.estimate.dnas.search import Learned, search_named
from micronas.estimate.dnas.settings import DnasSettings
from micronas.estimate.isolated import run_isolated
from micronas.space import Arch
from micronas.space.micronets import MicronetsSpace
from micronas.strategy.base import Accept, first_accepted, generator
from micronas.strategy.problem import DEADLINE_S, Problem
from micronas.strategy.supernets import Series, Supernets
from micronas.trial import Trial

Learn: TypeAlias = Callable[[Backbone, CostTables, Costs, int], Learned]
"""Backbone, its costs, limits and a seed -> the probabilities of the backbone's choices."""

TRIES_PER_DEGREE = 8
"""After so many draws that were no new networks the next are drawn at a temperature higher by one."""


@dataclass(frozen=True, eq=False)
class _Region:
    """What the supernet of one block of asks is trained on, and the seed of that."""

    backbone: Backbone
    tables: CostTables
    limits: Costs
    seed: int


class Dnas:
    """Networks from a series of supernets; see the module."""

    def __init__(
        self, space: DnasSpace, seed: int, accept: Accept, problem: Problem, learn: Learn, draws: int
    ) -> None:
        """``draws`` asks in a row are served by one supernet."""
        self._space, self._seed, self._accept = space, seed, accept
        self._problem, self._learn = problem, learn
        reference = problem.reference(space)
        own = net_costs(space.net(reference), problem.target)
        self._limits = limits_of(own, problem.ledger(reference), problem.budget)
        self._regions: dict[int, _Region] = {}
        self._supernets = Supernets(
            "dnas",
            Series(problem.first_ask, draws),
            problem.bench,
            train=self._train,
            load=self._load,
            save=save_learned,
        )

    def ask(self, number: int) -> Arch:
        """The likeliest network of the supernet that serves ``number``, else one drawn from its choices."""
        first, learned = self._supernets.serving(number)
        proposals = self._proposals(self._region(first), learned, generator(self._seed, number))
        return first_accepted(proposals, self._accept)

    def tell(self, trial: Trial) -> None:
        """Learns nothing: the searches are independent."""

    def _train(self, first: int) -> Learned:
        region = self._region(first)
        return self._learn(region.backbone, region.tables, region.limits, region.seed)

    def _load(self, path: Path, first: int) -> Learned | None:
        return load_learned(path, self._region(first).backbone) if path.exists() else None

    def _region(self, first: int) -> _Region:
        """Where planes are halved is drawn in the layer-wise space and given by a MicroNets skeleton."""
        if first not in self._regions:
            rng = np.random.default_rng([self._seed, first, 1])
            widest = widest_useful(self._space.limits.widths, self._limits)
            if isinstance(self._space, MicronetsSpace):
                backbone = make_micronets_backbone(self._space, widest)
            else:
                backbone = make_backbone(self._space, draw_layout(self._space, widest, rng))
            tables = make_cost_tables(backbone, self._problem.target)
            self._regions[first] = _Region(backbone, tables, self._limits, int(rng.integers(2**31)))
        return self._regions[first]

    def _proposals(self, region: _Region, learned: Learned, rng: np.random.Generator) -> Iterator[Arch]:
        backbone = region.backbone
        first = best_choice(learned.probabilities, backbone)
        drawn = (
            drawn_choice(learned.probabilities, backbone, rng, 1.0 + tries / TRIES_PER_DEGREE)
            for tries in itertools.count()
        )
        for choice in itertools.chain([first], drawn):
            mended = repaired(choice, region.tables, region.limits, lambda c: self._fits(c, backbone))
            yield (mended or choice).arch(self._space, backbone)

    def _fits(self, choice: Choice, backbone: Backbone) -> bool:
        return self._problem.fits(choice.arch(self._space, backbone))


def supernet_search(problem: Problem, settings: DnasSettings) -> Learn:
    """Trains the supernet in a process of its own."""

    def learn(backbone: Backbone, tables: CostTables, limits: Costs, seed: int) -> Learned:
        return run_isolated(
            search_named, backbone, tables, limits, problem.data, settings, seed, deadline_s=DEADLINE_S
        )

    return learn
