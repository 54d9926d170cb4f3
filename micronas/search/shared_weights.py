"""``estimator.name: supernet`` in a run: what is found with shared weights is trained alone, best first.

To the loop it is a strategy: hand-made networks are trials as ever, then the first ask trains the supernet
and searches it, and each ask hands out one network of what it found. So every figure in the store comes
from a network trained on its own, and resuming needs nothing but the files that the stage leaves.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from micronas.estimate.agreement import Agreement, agreement
from micronas.search.subnets import FoundSubnets, Subnet
from micronas.space import Arch, Space
from micronas.store import Record
from micronas.strategy.base import Accept, first_accepted, generator
from micronas.trial import Source, Trial

Find = Callable[[float | None], FoundSubnets]
"""Predicted milliseconds per multiply-accumulate, None without a device -> the subnets."""


class SharedWeights:
    """Hands out the best subnets and, in between, a sample of all ranks."""

    def __init__(self, space: Space, seed: int, accept: Accept, find: Find, sample: int) -> None:
        self._space, self._seed, self._accept, self._find = space, seed, accept, find
        self._sample = sample
        self._found: FoundSubnets | None = None
        self._run: list[tuple[int, float]] = []  # multiply-accumulates and milliseconds of told trials

    def ask(self, number: int) -> Arch:
        """The next subnet that was not a trial yet; random networks when there is none left."""
        if self._found is None:
            self._found = self._find(_ms_per_mac(self._run))
        rng = generator(self._seed, number)
        picked = (self._space.from_json(s.arch) for s in picks(self._found.subnets, self._sample))
        others = (self._space.sample(rng) for _ in itertools.count())
        new = (arch for arch in picked if self._accept(arch))
        found = next(new, None)
        return first_accepted(others, self._accept) if found is None else found

    def tell(self, trial: Trial) -> None:
        """Only how long networks ran on a device matters, up to the first ask."""
        scores = trial.scores
        if scores is None or scores.latency is None or scores.latency.source is Source.PREDICTED:
            return
        self._run.append((scores.macs, scores.latency.ms))


def picks(subnets: Sequence[Subnet], sample: int) -> Iterator[Subnet]:
    """The best first, every other place given to the sample until that is spent; some come twice."""
    ranked = by_reward(subnets)
    for best, other in itertools.zip_longest(ranked, sample_of_ranks(ranked, sample)):
        yield best
        if other is not None:
            yield other


def by_reward(subnets: Sequence[Subnet]) -> list[Subnet]:
    """Best reward first; the earlier of two equals."""
    return sorted(subnets, key=lambda subnet: -subnet.reward)


def sample_of_ranks(ranked: Sequence[Subnet], count: int) -> list[Subnet]:
    """``count`` subnets from the best to the worst at even distances."""
    if not ranked or not count:
        return []
    places = np.unique(np.round(np.linspace(0, len(ranked) - 1, count)).astype(int))
    return [ranked[int(place)] for place in places]


def supernet_agreement(found: FoundSubnets, records: Sequence[Record], sample: int) -> Agreement:
    """Kendall's tau of the sample: shared-weight accuracies against int8 ones after training alone.

    Over the sample alone, because the best are too much alike to tell a good order from chance.
    """
    chosen = {s.key: s.accuracy for s in sample_of_ranks(by_reward(found.subnets), sample)}
    alone = {r.trial.key: r.trial.scores.accuracy_int8 for r in records if r.trial.scores is not None}
    both = [(shared, alone[key]) for key, shared in chosen.items() if key in alone]
    return agreement("supernet", [shared for shared, _ in both], [trained for _, trained in both])


def _ms_per_mac(run: Sequence[tuple[int, float]]) -> float | None:
    """Least squares through the origin over trials of this run; a rough price of latency, not a figure."""
    if not run:
        return None
    macs, ms = (np.array(column, np.float64) for column in zip(*run, strict=True))
    return float((macs @ ms) / (macs @ macs))
