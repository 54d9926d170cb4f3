"""Differentiable search by Gumbel-softmax under byte budgets, as in MicroNets (Banbury et al., MLSys 2021).

One supernet, trained for seconds to minutes, serves ``draws`` asks: the first gets the network of its most
probable choices, the others are drawn from the learned probabilities, as in FBNet (Wu et al., CVPR 2019). All
are within the budget by the exact ledger. The loop evaluates these networks like all others. See
``micronas.strategy.dnas``.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np

from micronas.space import Arch, Space
from micronas.strategy.base import Accept, first_accepted, generator
from micronas.strategy.dnas.backbone import ChoiceBackbone
from micronas.strategy.dnas.checkpoint import load_learned, save_learned
from micronas.strategy.dnas.choice import (
    Choice,
    best_choice,
    choice_costs,
    drawn_choice,
    repaired,
)
from micronas.strategy.dnas.cost_tables import NO_THROUGHPUT, CostTables, make_cost_tables, net_costs
from micronas.strategy.dnas.limits import CostConstraints, LatencyPenalty, limits_of, widest_useful
from micronas.strategy.dnas.search import Learned, search_named
from micronas.strategy.dnas.settings import DnasSettings
from micronas.strategy.dnas.space_backbone import space_backbone
from micronas.strategy.latency_regression import LatencyRegression
from micronas.strategy.observation import Observation
from micronas.strategy.problem import DEADLINE_S, Problem
from micronas.strategy.supernet_series import Series, Supernets
from micronas.train.isolated import run_isolated

Learn: TypeAlias = Callable[[ChoiceBackbone, CostTables, CostConstraints, int], Learned]
"""Backbone, its costs, aims and a seed -> the probabilities of the backbone's choices."""

TRIES_PER_DEGREE = 8
"""After this many proposals without a new network, the temperature of the draws increases by one."""

DRAWS_TO_FIT = 16
"""Number of draws of which the first that fits unchanged becomes a proposal.

Narrowing is used only if none fits: it helps little if code takes most of the bytes, as in the smallest
networks.
"""


@dataclass(frozen=True, eq=False)
class _Region:
    """The training input of the supernet for one block of asks, and its seed."""

    backbone: ChoiceBackbone
    tables: CostTables
    aims: CostConstraints
    seed: int


class Dnas:
    """Networks from a series of supernets; see the module."""

    def __init__(
        self, space: Space, seed: int, accept: Accept, problem: Problem, learn: Learn, draws: int
    ) -> None:
        """One supernet serves ``draws`` consecutive asks."""
        self._space, self._seed, self._accept = space, seed, accept
        self._problem, self._learn = problem, learn
        self._backbones = space_backbone(space)
        reference = problem.reference(space)
        own = net_costs(space.net(reference), problem.target)
        self._limits = limits_of(own, problem.ledger(reference), problem.budget, problem.macs)
        self._regression = LatencyRegression(space)
        self._regions: dict[int, _Region] = {}
        self._supernets = Supernets(
            "dnas",
            Series(problem.first_ask, draws),
            problem.supernets,
            train=self._train,
            load=self._load,
            save=save_learned,
        )

    def ask(self, number: int) -> Arch:
        """The most probable network of the supernet for ``number`` on its first ask, then drawn ones."""
        first, learned = self._supernets.serving(number)
        proposals = self._proposals(self._region(first), learned, generator(self._seed, number))
        return first_accepted(proposals, self._accept)

    def tell(self, trial: Observation) -> None:
        """Learns only the device's speed from latencies; what a supernet has learned does not change."""
        self._regression.tell(trial)

    def _train(self, first: int) -> Learned:
        region = self._region(first)
        return self._learn(region.backbone, region.tables, region.aims, region.seed)

    def _load(self, path: Path, first: int) -> Learned | None:
        return load_learned(path, self._region(first).backbone) if path.exists() else None

    def _region(self, first: int) -> _Region:
        """The input for the asks from ``first``. Latencies are predicted only from the trials observed by
        then: a resumed run has observed more when it asks again.
        """
        if first not in self._regions:
            rng = np.random.default_rng([self._seed, first, 1])
            widest = widest_useful(self._backbones.widths, self._limits)
            backbone = self._backbones.backbone(widest, rng)
            modelled = self._problem.op_latency
            speed = (
                self._regression.speed(before=first - self._problem.workers + 1) if modelled is None else None
            )
            tables = make_cost_tables(backbone, self._problem.target, speed or NO_THROUGHPUT, modelled)
            known = speed is not None or modelled is not None
            aims = self._aims() if known else CostConstraints(self._limits)
            self._regions[first] = _Region(backbone, tables, aims, int(rng.integers(2**31)))
        return self._regions[first]

    def _aims(self) -> CostConstraints:
        """The limits, with the run's latency limit in milliseconds and its reward."""
        limit_ms, reward = self._problem.latency_ms, self._problem.reward
        limits = self._limits if limit_ms is None else replace(self._limits, ms=limit_ms)
        if reward.target_ms is None:
            return CostConstraints(limits)
        return CostConstraints(
            limits, LatencyPenalty(reward.target_ms, reward.exponent, reward.mode == "hard")
        )

    def _proposals(self, region: _Region, learned: Learned, rng: np.random.Generator) -> Iterator[Arch]:
        backbone, probabilities = region.backbone, learned.probabilities
        yield self._narrowed(best_choice(probabilities, backbone), region).arch(self._space, backbone)
        for tries in itertools.count():
            temperature = 1.0 + tries / TRIES_PER_DEGREE
            drawn = [drawn_choice(probabilities, backbone, rng, temperature) for _ in range(DRAWS_TO_FIT)]
            fitting = next((choice for choice in drawn if self._fits_and_is_fast(choice, region)), None)
            yield (fitting or self._narrowed(drawn[0], region)).arch(self._space, backbone)

    def _narrowed(self, choice: Choice, region: _Region) -> Choice:
        """``choice`` narrowed until it fits, if possible also the latency limit."""
        tables, limits = region.tables, region.aims.limits
        fast = repaired(choice, tables, limits, lambda c: self._fits_and_is_fast(c, region))
        return fast or repaired(choice, tables, limits, lambda c: self._fits(c, region.backbone)) or choice

    def _fits_and_is_fast(self, choice: Choice, region: _Region) -> bool:
        is_fast = choice_costs(choice, region.tables).ms <= region.aims.limits.ms
        return is_fast and self._fits(choice, region.backbone)

    def _fits(self, choice: Choice, backbone: ChoiceBackbone) -> bool:
        return self._problem.fits(choice.arch(self._space, backbone))


def supernet_search(problem: Problem, settings: DnasSettings) -> Learn:
    """Trains the supernet in a separate process."""

    def learn(backbone: ChoiceBackbone, tables: CostTables, aims: CostConstraints, seed: int) -> Learned:
        return run_isolated(
            search_named, backbone, tables, aims, problem.data, settings, seed, deadline_s=DEADLINE_S
        )

    return learn
