"""Random search: the baseline that every other strategy has to beat at equal cost."""

from __future__ import annotations

import itertools

from micronas.space import Arch, Space
from micronas.strategy.base import Accept, first_accepted, generator
from micronas.strategy.observation import Observation


class RandomSearch:
    """Independent samples of the space, without those over budget or seen before."""

    def __init__(self, space: Space, seed: int, accept: Accept) -> None:
        self._space, self._seed, self._accept = space, seed, accept

    def ask(self, number: int) -> Arch:
        """A new sample."""
        rng = generator(self._seed, number)
        return first_accepted((self._space.sample(rng) for _ in itertools.count()), self._accept)

    def tell(self, trial: Observation) -> None:
        """Does nothing."""
