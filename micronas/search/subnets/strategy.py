"""``estimator.name: supernet`` in a run: networks found with shared weights are trained alone, best first.

To the loop it is a strategy: the initial trials run as usual, then the first ask trains and searches the
supernet, and each ask returns one of the networks found. Every figure in the store therefore comes from a
network trained alone, and resuming needs only the files of this stage.

Shared weights do not rank on every task. Once the sample of all ranks has been trained, its Kendall's tau is
known, and after four of it, whether it is negative. If it is too low (``micronas.estimate.agreement``), the
stage declines, and the remaining trials are those of the configured strategy, which has learned from all
trials so far.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from micronas.config import LatencyConfig, RewardConfig
from micronas.estimate.agreement import MIN_NETWORKS, TRUSTED_TAU, Agreement, agreement
from micronas.latency.op_model import BoardLatency
from micronas.search.subnets.latency import PredictedMs, ProfiledNetwork, Shapes, SubnetLatency
from micronas.search.subnets.search import FoundSubnets, Subnet
from micronas.space import Arch
from micronas.store import Record
from micronas.strategy.base import Accept, Strategy, first_accepted, generator
from micronas.strategy.observation import Observation
from micronas.strategy.reward import reward

Find = Callable[[Sequence[ProfiledNetwork]], FoundSubnets]
"""Networks that ran on the device -> the subnets."""

RanBefore = Callable[[int], Sequence[ProfiledNetwork]]
"""The run's trials below a number that ran, in order."""

PredictMs = Callable[[Subnet], PredictedMs | None]
"""Predicted latency of a subnet; None if no network ran."""


@dataclass(frozen=True)
class SelectionTarget:
    """The run's reward, its latency limit, and when a predicted latency is trusted."""

    reward: RewardConfig
    limit_ms: float | None = None
    latency: LatencyConfig = field(default_factory=LatencyConfig)


class SharedWeights:
    """Returns the best subnets and, in between, a sample of all ranks. The ranking is recomputed at each ask,
    because every network that ran improves the latency predictions; subnets predicted to be too slow come
    last.
    """

    def __init__(
        self,
        shapes: Shapes,
        seed: int,
        accept: Accept,
        find: Find,
        ran_before: RanBefore,
        *,
        sample: int,
        aim: SelectionTarget,
        workers: int = 1,
        modelled: BoardLatency | None = None,
        otherwise: Strategy | None = None,
        say: Callable[[str], object] = lambda text: None,
    ) -> None:
        """``modelled`` is set if the run's latencies are modelled. ``otherwise`` proposes if the shared
        weights do not rank, which ``say`` then reports.
        """
        self._otherwise, self._say = otherwise, say
        self._alone: dict[str, float] = {}
        self._reported: list[Observation] = []
        self._decided = self._told = 0
        self._declines: bool | None = None
        self._modelled = modelled
        self._shapes, self._space = shapes, shapes.space
        self._seed, self._accept, self._find, self._ran_before = seed, accept, find, ran_before
        self._sample, self._aim, self._workers = sample, aim, workers
        self._found: FoundSubnets | None = None

    def ask(self, number: int) -> Arch:
        """The next subnet that was not a trial yet; random networks when none is left.

        A resumed run has more trials reported before it asks; those not yet reported originally do not count.
        """
        ran = self._ran_before(number - self._workers + 1)
        if self._found is None:
            self._found = self._find(ran)
        if self._otherwise is not None and self._has_declined(self._found):
            return self._otherwise.ask(number)
        latency = SubnetLatency(
            self._shapes, self._aim.latency, [*ran, *self._found.profiling_samples], self._modelled
        )

        def predict(subnet: Subnet) -> PredictedMs | None:
            return latency.of(self._space.from_json(subnet.arch))

        rng = generator(self._seed, number)
        picked = (
            self._space.from_json(s.arch)
            for s in picks(self._found.subnets, self._sample, self._aim, predict)
        )
        others = (self._space.sample(rng) for _ in itertools.count())
        new = (arch for arch in picked if self._accept(arch))
        found = next(new, None)
        return first_accepted(others, self._accept) if found is None else found

    def tell(self, trial: Observation) -> None:
        """Keep the trial, until it is compared with shared weights; the other strategy learns, too."""
        self._reported.append(trial)
        if self._otherwise is not None:
            self._otherwise.tell(trial)

    def _has_declined(self, found: FoundSubnets) -> bool:
        """Whether the sample says that shared weights do not rank: decided after each trial in its order, so
        that a resumed run comes to the same end.
        """
        sample = sample_of_ranks(by_reward(found.subnets), self._sample)
        while self._declines is None and self._decided < len(self._reported):
            self._decide(self._reported[self._decided], sample)
            self._decided += 1
        return bool(self._declines)

    def _decide(self, trial: Observation, sample: Sequence[Subnet]) -> None:
        """After each trial that may belong to the sample."""
        self._told += trial.origin == "strategy"
        if trial.scores is not None:
            self._alone.setdefault(trial.key, trial.scores.quality)
        both = [(s.quality_shared, self._alone[s.key]) for s in sample if s.key in self._alone]
        ranking = agreement("supernet", [shared for shared, _ in both], [alone for _, alone in both])
        # The sample alternates with the best; some of it may be too slow to be tried, or fail.
        is_whole = len(both) == len(sample) or self._told >= 2 * len(sample)
        self._declines = decision(ranking, is_whole=is_whole)
        if self._declines:
            self._say(f"{ranking.warning}; the strategy proposes the remaining trials without shared weights")


def decision(ranking: Agreement, *, is_whole: bool) -> bool | None:
    """Whether shared weights decline by the networks of their sample that are trained; None: not yet known.

    After all of the sample, below ``TRUSTED_TAU``; before, they may only decline, if tau is below zero.
    """
    if ranking.networks < MIN_NETWORKS:
        return None
    if is_whole:
        return ranking.tau < TRUSTED_TAU
    return True if ranking.tau < 0.0 else None


def picks(
    subnets: Sequence[Subnet], sample: int, aim: SelectionTarget, predict: PredictMs
) -> Iterator[Subnet]:
    """Best first, alternating with the sample until that is used up; some subnets appear twice.

    Subnets predicted to be too slow come last; those of the sample are left out.
    """
    ms = {s.key: predict(s) for s in subnets}
    chosen = [s for s in sample_of_ranks(by_reward(subnets), sample) if not _too_slow(ms[s.key], aim)]
    for best, other in itertools.zip_longest(priced(subnets, aim, lambda s: ms[s.key]), chosen):
        if best is not None:
            yield best
        if other is not None:
            yield other


def priced(subnets: Sequence[Subnet], aim: SelectionTarget, predict: PredictMs) -> list[Subnet]:
    """Best first by accuracy with shared weights and predicted latency; ties go to the earlier subnet."""

    def place(subnet: Subnet) -> tuple[bool, float]:
        predicted = predict(subnet)
        ms = None if predicted is None else predicted.ms
        return _too_slow(predicted, aim), -reward(subnet.quality_shared, ms, aim.reward)

    return sorted(subnets, key=place)


def by_reward(subnets: Sequence[Subnet]) -> list[Subnet]:
    """Best reward first, as scored; ties go to the earlier subnet."""
    return sorted(subnets, key=lambda subnet: -subnet.reward)


def sample_of_ranks(ranked: Sequence[Subnet], count: int) -> list[Subnet]:
    """``count`` subnets, evenly spaced from the best to the worst."""
    if not ranked or not count:
        return []
    places = np.unique(np.round(np.linspace(0, len(ranked) - 1, count)).astype(int))
    return [ranked[int(place)] for place in places]


def _too_slow(predicted: PredictedMs | None, aim: SelectionTarget) -> bool:
    return predicted is not None and aim.limit_ms is not None and predicted.max_ms > aim.limit_ms


def supernet_agreement(found: FoundSubnets, records: Sequence[Record], sample: int) -> Agreement:
    """Kendall's tau of the sample: shared-weight accuracies against int8 ones after training alone.

    Only the sample is used, because the best are too similar to distinguish a good ranking from chance.
    """
    chosen = {s.key: s.quality_shared for s in sample_of_ranks(by_reward(found.subnets), sample)}
    alone = {r.trial.key: r.trial.scores.quality_int8 for r in records if r.trial.scores is not None}
    both = [(shared, alone[key]) for key, shared in chosen.items() if key in alone]
    return agreement("supernet", [shared for shared, _ in both], [trained for _, trained in both])
