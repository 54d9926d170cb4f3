"""Zero-cost proxies as a pre-filter: the most promising of several proposals becomes a trial.

The strategy proposes until enough proposals are new and within the budgets; the best of these by the proxy
becomes the trial. Proposals are ranked together with all reported networks, so ``combined`` can average
ranks, and an ask depends only on the reported trials.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from micronas.config import PrefilterConfig
from micronas.estimate.agreement import Agreement, agreement
from micronas.estimate.proxies import PROXIES, ProxyScores, order
from micronas.model.net import Net
from micronas.space import Arch, Space
from micronas.store import Record
from micronas.strategy import Accept, Strategy
from micronas.strategy.observation import Observation
from micronas.trial import Outcome


class ProxyScorer(Protocol):
    """Scores untrained networks; see ``micronas.estimate.proxies.ZeroCostScorer``."""

    def scores(self, nets: Sequence[Net]) -> list[ProxyScores]:
        """The proxies of every network, in order."""
        ...


class Prefiltered:
    """Wraps a strategy and selects the best of its proposals by proxy."""

    def __init__(
        self,
        make: Callable[[Accept], Strategy],
        space: Space,
        accept: Accept,
        scorer: ProxyScorer,
        config: PrefilterConfig,
    ) -> None:
        """``make`` builds the strategy for the given proposal check."""
        self._space, self._accept, self._config = space, accept, config
        self._scores = ScoredNets(space, scorer)
        self._wanted = max(1, round(1 / config.keep))
        self._candidates: list[Arch] = []
        self._observed: list[Arch] = []
        self._strategy = make(self._collect)

    def ask(self, number: int) -> Arch:
        """The most promising acceptable proposal of the strategy; its last proposal if none is acceptable."""
        self._candidates = []
        last = self._strategy.ask(number)
        if len(self._candidates) < 2:
            return self._candidates[0] if self._candidates else last
        scores = self._scores.of([*self._observed, *self._candidates])
        promise = order(scores, self._config.proxy)[len(self._observed) :]
        return self._candidates[int(np.argmax(promise))]

    def tell(self, trial: Observation) -> None:
        """Report the trial to the strategy, and add its network to those compared."""
        self._strategy.tell(trial)
        if trial.outcome is Outcome.COMPLETE:
            self._observed.append(self._space.from_json(trial.arch))

    def _collect(self, arch: Arch) -> bool:
        """Collects acceptable proposals until there are enough."""
        keys = {self._space.key(candidate) for candidate in self._candidates}
        if self._space.key(arch) not in keys and self._accept(arch):
            self._candidates.append(arch)
        return len(self._candidates) >= self._wanted


class ScoredNets:
    """Proxies of architectures, each computed once."""

    def __init__(self, space: Space, scorer: ProxyScorer) -> None:
        self._space, self._scorer = space, scorer
        self._known: dict[str, ProxyScores] = {}

    def of(self, archs: Sequence[Arch]) -> list[ProxyScores]:
        """In the order of ``archs``."""
        keys = [self._space.key(arch) for arch in archs]
        new = {key: arch for key, arch in zip(keys, archs, strict=True) if key not in self._known}
        scores = self._scorer.scores([self._space.net(arch) for arch in new.values()]) if new else []
        self._known.update(zip(new, scores, strict=True))
        return [self._known[key] for key in keys]


def proxy_agreements(space: Space, scorer: ProxyScorer, records: Sequence[Record]) -> list[Agreement]:
    """How each proxy ranks the run's trained networks, compared with their int8 accuracies and with the
    ranking by the number of parameters.

    One of the proxies selected these networks, so the range is narrower and tau lower than for random
    networks.
    """
    trained = {r.trial.key: r.trial for r in records if r.trial.outcome is Outcome.COMPLETE}
    archs = [space.from_json(trial.arch) for trial in trained.values()]
    accuracies = [trial.scores.quality_int8 for trial in trained.values() if trial.scores is not None]
    scores = ScoredNets(space, scorer).of(archs)
    baseline = [s.parameters for s in scores]
    return [
        agreement(
            f"proxy {proxy}",
            order(scores, proxy).tolist(),
            accuracies,
            None if proxy == "parameters" else baseline,
        )
        for proxy in PROXIES
    ]
