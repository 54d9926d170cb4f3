"""Differentiable search by Gumbel-softmax under byte budgets, as in MicroNets (Banbury et al., MLSys 2021).

Every ask is a whole search of its own, seeded by the run's seed and the number: it trains one supernet for a
minute or two and hands out the network that its choices amount to, within the budget by the exact ledger. How
good that network is, the loop finds out as for every other. See ``micronas.estimate.dnas``.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np

from micronas.estimate.dnas.backbone import Backbone, draw_layout, make_backbone
from micronas.estimate.dnas.choice import Choice, DnasSpace, best_choice, drawn_choice, repaired
from micronas.estimate.dnas.cost_tables import Costs, CostTables, make_cost_tables, net_costs
from micronas.estimate.dnas.limits import limits_of, widest_useful
from micronas.estimate.dnas.micronets_backbone import make_micronets_backbone
from micronas.estimate.dnas.search import Learned, search_named
from micronas.estimate.dnas.settings import DnasSettings
from micronas.estimate.isolated import run_isolated
from micronas.space import Arch
from micronas.space.micronets import MicronetsSpace
from micronas.strategy.base import Accept, first_accepted, generator
from micronas.strategy.problem import DEADLINE_S, Problem
from micronas.trial import Trial

Learn: TypeAlias = Callable[[Backbone, CostTables, Costs, int], Learned]
"""Backbone, its costs, limits and a seed -> the probabilities of the backbone's choices."""


class Dnas:
    """One differentiable search per ask; see the module."""

    def __init__(self, space: DnasSpace, seed: int, accept: Accept, problem: Problem, learn: Learn) -> None:
        self._space, self._seed, self._accept = space, seed, accept
        self._problem, self._learn = problem, learn
        reference = problem.reference(space)
        own = net_costs(space.net(reference), problem.target)
        self._limits = limits_of(own, problem.ledger(reference), problem.budget)

    def ask(self, number: int) -> Arch:
        """The likeliest network of search ``number``, else others drawn from what it learned."""
        rng = generator(self._seed, number)
        backbone = self._backbone(rng)
        tables = make_cost_tables(backbone, self._problem.target)
        learned = self._learn(backbone, tables, self._limits, int(rng.integers(2**31)))
        return first_accepted(self._proposals(backbone, tables, learned, rng), self._accept)

    def tell(self, trial: Trial) -> None:
        """Learns nothing: the searches are independent."""

    def _backbone(self, rng: np.random.Generator) -> Backbone:
        """Where planes are halved is drawn in the layer-wise space and given by a MicroNets skeleton."""
        widest = widest_useful(self._space.limits.widths, self._limits)
        if isinstance(self._space, MicronetsSpace):
            return make_micronets_backbone(self._space, widest)
        return make_backbone(self._space, draw_layout(self._space, widest, rng))

    def _proposals(
        self, backbone: Backbone, tables: CostTables, learned: Learned, rng: np.random.Generator
    ) -> Iterator[Arch]:
        first = best_choice(learned.probabilities, backbone)
        drawn = (drawn_choice(learned.probabilities, backbone, rng) for _ in itertools.count())
        for choice in itertools.chain([first], drawn):
            mended = repaired(choice, tables, self._limits, lambda c: self._fits(c, backbone))
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
