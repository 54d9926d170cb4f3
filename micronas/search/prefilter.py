"""Zero-cost proxies as a pre-filter: of several proposals the most promising one becomes a trial.

The strategy goes on proposing until enough of its proposals are new and within the budgets; the best of these
by the proxy is the trial. How promising, is a rank among all networks that were told and the other proposals:
so ``combined`` can average ranks, and an ask still depends on the told trials alone.
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
    """Scores untrained networks; see ``micronas.estimate.proxies.ProxyJudge``."""

    def scores(self, nets: Sequence[Net]) -> list[ProxyScores]:
        """The proxies of every network, in order."""
        ...


class Prefiltered:
    """A strategy of whose proposals the best by proxy are tried."""

    def __init__(
        self,
        make: Callable[[Accept], Strategy],
        space: Space,
        accept: Accept,
        judge: ProxyScorer,
        config: PrefilterConfig,
    ) -> None:
        """``make`` builds the strategy around what it may propose."""
        self._space, self._accept, self._config = space, accept, config
        self._scores = ScoredNets(space, judge)
        self._wanted = max(1, round(1 / config.keep))
        self._candidates: list[Arch] = []
        self._observed: list[Arch] = []
        self._strategy = make(self._collect)

    def ask(self, number: int) -> Arch:
        """The most promising of the strategy's acceptable proposals; its last word if there is none."""
        self._candidates = []
        last = self._strategy.ask(number)
        if len(self._candidates) < 2:
            return self._candidates[0] if self._candidates else last
        scores = self._scores.of([*self._observed, *self._candidates])
        promise = order(scores, self._config.proxy)[len(self._observed) :]
        return self._candidates[int(np.argmax(promise))]

    def tell(self, trial: Observation) -> None:
        """The strategy learns; the network is one more to compare with."""
        self._strategy.tell(trial)
        if trial.outcome is Outcome.COMPLETE:
            self._observed.append(self._space.from_json(trial.arch))

    def _collect(self, arch: Arch) -> bool:
        """Acceptable proposals are kept back until there are enough."""
        keys = {self._space.key(candidate) for candidate in self._candidates}
        if self._space.key(arch) not in keys and self._accept(arch):
            self._candidates.append(arch)
        return len(self._candidates) >= self._wanted


class ScoredNets:
    """Proxies of architectures, each computed once."""

    def __init__(self, space: Space, judge: ProxyScorer) -> None:
        self._space, self._judge = space, judge
        self._known: dict[str, ProxyScores] = {}

    def of(self, archs: Sequence[Arch]) -> list[ProxyScores]:
        """In the order of ``archs``."""
        keys = [self._space.key(arch) for arch in archs]
        new = {key: arch for key, arch in zip(keys, archs, strict=True) if key not in self._known}
        scores = self._judge.scores([self._space.net(arch) for arch in new.values()]) if new else []
        self._known.update(zip(new, scores, strict=True))
        return [self._known[key] for key in keys]


def proxy_agreements(space: Space, judge: ProxyScorer, records: Sequence[Record]) -> list[Agreement]:
    """How each proxy orders the run's trained networks, against their int8 accuracies.

    They were chosen by one of the proxies, so the range is narrower and tau lower than over random networks.
    """
    trained = {r.trial.key: r.trial for r in records if r.trial.outcome is Outcome.COMPLETE}
    archs = [space.from_json(trial.arch) for trial in trained.values()]
    accuracies = [trial.scores.quality_int8 for trial in trained.values() if trial.scores is not None]
    scores = ScoredNets(space, judge).of(archs)
    return [agreement(f"proxy {proxy}", order(scores, proxy).tolist(), accuracies) for proxy in PROXIES]
