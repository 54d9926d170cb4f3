"""Aging evolution (Real, Aggarwal, Huang and Le, "Regularized Evolution for Image Classifier Architecture
Search", AAAI 2019).

After the population is filled, every ask draws ``sample`` members at random, takes the best of them and
mutates one gene. A new member replaces the oldest one, not the worst: a network that scored well by chance
must prove itself again through its offspring. This makes the search robust against the noise of short
trainings.
"""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import dataclass

import numpy as np

from micronas.space import Arch, Space
from micronas.strategy.base import OFFSPRING, Accept, Guide, accepted, first_accepted, generator
from micronas.strategy.observation import Observation
from micronas.strategy.sized import Draw
from micronas.trial import Outcome


@dataclass(frozen=True)
class _Member:
    arch: Arch
    reward: float


class AgingEvolution:
    """Tournament selection that removes the oldest member; see the module."""

    def __init__(
        self,
        space: Space,
        seed: int,
        accept: Accept,
        *,
        population: int,
        sample: int,
        draw: Draw | None = None,
        guide: Guide | None = None,
    ) -> None:
        """``draw`` fills the population, with samples of the space unless given. ``guide`` chooses one of
        ``OFFSPRING`` children; without one, the first that is accepted is tried.
        """
        self._draw, self._guide = draw or space.sample, guide
        self._space, self._seed, self._accept = space, seed, accept
        self._size, self._sample = population, sample
        self._members: deque[_Member] = deque(maxlen=population)

    def ask(self, number: int) -> Arch:
        """A random network until the population is full, then a mutated tournament winner."""
        rng = generator(self._seed, number)
        if number < self._size or not self._members:
            return first_accepted((self._draw(rng) for _ in itertools.count()), self._accept)
        children = (self._offspring(rng) for _ in itertools.count())
        if self._guide is None:
            return first_accepted(children, self._accept)
        return self._guide.best_of(accepted(children, self._accept, OFFSPRING))

    def tell(self, trial: Observation) -> None:
        """A COMPLETE trial joins the population; the guide learns from every trial."""
        if self._guide is not None:
            self._guide.tell(trial)
        self._join(trial)

    def _join(self, trial: Observation) -> None:
        """A COMPLETE trial joins as the youngest member; at full size, the oldest is removed."""
        if trial.outcome is Outcome.COMPLETE and trial.scores is not None:
            self._members.append(_Member(self._space.from_json(trial.arch), trial.scores.reward))

    def _offspring(self, rng: np.random.Generator) -> Arch:
        drawn = rng.choice(len(self._members), size=min(self._sample, len(self._members)), replace=False)
        parent = max((self._members[int(i)] for i in drawn), key=lambda member: member.reward)
        return self._space.mutate(parent.arch, rng)
