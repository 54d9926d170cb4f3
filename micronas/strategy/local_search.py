"""Local search, best first: try the neighbours of the best network so far, in a random order.

As soon as a neighbour is better, its own neighbours are next (first-improvement hill climbing, a strong
baseline where training noise is low: White, Nolen and Savani, "Exploring the Loss Landscape in Neural
Architecture Search", UAI 2021). If the best network has no untried neighbour left, the search continues from
the second best, and so on, so that a local optimum never ends the search.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from micronas.space import Arch, Space
from micronas.strategy.base import Accept, first_accepted, generator
from micronas.strategy.observation import Observation
from micronas.trial import Outcome


@dataclass(frozen=True)
class _Visited:
    arch: Arch
    reward: float


class LocalSearch:
    """Best-first hill climbing; see the module."""

    def __init__(self, space: Space, seed: int, accept: Accept) -> None:
        self._space, self._seed, self._accept = space, seed, accept
        self._visited: list[_Visited] = []
        self._tried: set[str] = set()

    def ask(self, number: int) -> Arch:
        """An untried neighbour of the best network that has one; a random network at the start."""
        rng = generator(self._seed, number)
        for visited in sorted(self._visited, key=lambda v: -v.reward):
            neighbours = self._space.neighbours(visited.arch)
            for index in rng.permutation(len(neighbours)):
                neighbour = neighbours[int(index)]
                if self._space.key(neighbour) not in self._tried and self._accept(neighbour):
                    return neighbour
        return first_accepted((self._space.sample(rng) for _ in itertools.count()), self._accept)

    def tell(self, trial: Observation) -> None:
        """A COMPLETE trial becomes a starting point; no network is tried twice."""
        self._tried.add(trial.key)
        if trial.outcome is Outcome.COMPLETE and trial.scores is not None:
            self._visited.append(_Visited(self._space.from_json(trial.arch), trial.scores.reward))
