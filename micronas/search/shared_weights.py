"""``estimator.name: supernet`` in a run: what is found with shared weights is trained alone, best first.

To the loop it is a strategy: hand-made networks are trials as ever, then the first ask trains the supernet
and searches it, and each ask hands out one network of what it found. So every figure in the store comes
from a network trained on its own, and resuming needs nothing but the files that the stage leaves.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from micronas.config import RewardConfig
from micronas.estimate.agreement import Agreement, agreement
from micronas.estimate.dnas.cost_tables import Speed
from micronas.reward import reward
from micronas.search.subnets import FoundSubnets, Subnet
from micronas.space import Arch, Space
from micronas.store import Record
from micronas.strategy.base import Accept, first_accepted, generator
from micronas.strategy.pace import Pace
from micronas.trial import Trial

Find = Callable[[Speed | None], FoundSubnets]
"""How fast the device is, None without one -> the subnets."""


@dataclass(frozen=True)
class Aim:
    """What the run rewards, and its limit on the latency."""

    reward: RewardConfig
    limit_ms: float | None = None


class SharedWeights:
    """Hands out the best subnets and, in between, a sample of all ranks.

    Which are best is asked anew each time: every subnet that ran tells more of the device's pace, and what is
    then predicted to be too slow comes last.
    """

    def __init__(
        self, space: Space, seed: int, accept: Accept, find: Find, *, sample: int, aim: Aim, workers: int = 1
    ) -> None:
        self._space, self._seed, self._accept, self._find = space, seed, accept, find
        self._sample, self._aim, self._workers = sample, aim, workers
        self._found: FoundSubnets | None = None
        self._pace = Pace(space)

    def ask(self, number: int) -> Arch:
        """The next subnet that was not a trial yet; random networks when there is none left.

        A resumed run is told more trials before it asks; those that were not told then do not count.
        """
        speed = self._pace.speed(before=number - self._workers + 1)
        if self._found is None:
            self._found = self._find(speed)
        rng = generator(self._seed, number)
        picked = (
            self._space.from_json(s.arch) for s in picks(self._found.subnets, self._sample, self._aim, speed)
        )
        others = (self._space.sample(rng) for _ in itertools.count())
        new = (arch for arch in picked if self._accept(arch))
        found = next(new, None)
        return first_accepted(others, self._accept) if found is None else found

    def tell(self, trial: Trial) -> None:
        """Only how long networks ran on a device matters."""
        self._pace.tell(trial)


def picks(subnets: Sequence[Subnet], sample: int, aim: Aim, speed: Speed | None) -> Iterator[Subnet]:
    """The best first, every other place given to the sample until that is spent; some come twice.

    Subnets that are predicted to be too slow come last, those of the sample not at all.
    """
    chosen = [s for s in sample_of_ranks(by_reward(subnets), sample) if not _too_slow(s, aim, speed)]
    for best, other in itertools.zip_longest(priced(subnets, aim, speed), chosen):
        if best is not None:
            yield best
        if other is not None:
            yield other


def priced(subnets: Sequence[Subnet], aim: Aim, speed: Speed | None) -> list[Subnet]:
    """Best first by accuracy with shared weights and latency at ``speed``; the earlier of two equals."""

    def place(subnet: Subnet) -> tuple[bool, float]:
        ms = _ms(subnet, speed)
        return _too_slow(subnet, aim, speed), -reward(subnet.accuracy, ms, aim.reward)

    return sorted(subnets, key=place)


def by_reward(subnets: Sequence[Subnet]) -> list[Subnet]:
    """Best reward first, as they were scored; the earlier of two equals."""
    return sorted(subnets, key=lambda subnet: -subnet.reward)


def sample_of_ranks(ranked: Sequence[Subnet], count: int) -> list[Subnet]:
    """``count`` subnets from the best to the worst at even distances."""
    if not ranked or not count:
        return []
    places = np.unique(np.round(np.linspace(0, len(ranked) - 1, count)).astype(int))
    return [ranked[int(place)] for place in places]


def _ms(subnet: Subnet, speed: Speed | None) -> float | None:
    return None if speed is None else speed.ms(subnet.macs, subnet.values)


def _too_slow(subnet: Subnet, aim: Aim, speed: Speed | None) -> bool:
    ms = _ms(subnet, speed)
    return ms is not None and aim.limit_ms is not None and ms > aim.limit_ms


def supernet_agreement(found: FoundSubnets, records: Sequence[Record], sample: int) -> Agreement:
    """Kendall's tau of the sample: shared-weight accuracies against int8 ones after training alone.

    Over the sample alone, because the best are too much alike to tell a good order from chance.
    """
    chosen = {s.key: s.accuracy for s in sample_of_ranks(by_reward(found.subnets), sample)}
    alone = {r.trial.key: r.trial.scores.accuracy_int8 for r in records if r.trial.scores is not None}
    both = [(shared, alone[key]) for key, shared in chosen.items() if key in alone]
    return agreement("supernet", [shared for shared, _ in both], [trained for _, trained in both])
