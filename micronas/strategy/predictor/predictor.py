"""The strategy: draw candidates, predict them, propose the one with the largest expected gain."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from micronas.memory.ledger import check
from micronas.space import Arch, Space
from micronas.strategy.base import Accept, first_accepted, generator
from micronas.strategy.observation import Observation
from micronas.strategy.predictor.acquisition import Acquisition
from micronas.strategy.predictor.candidate import ScoredCandidate, Tried, stacked
from micronas.strategy.predictor.features import DEPTH, MACS, PARAMETERS, features
from micronas.strategy.predictor.gaussian_process import GaussianProcess, Posterior, Prior, Scaling
from micronas.strategy.predictor.latency import Latencies
from micronas.strategy.problem import Problem
from micronas.trial import BUDGET_STAGE, Outcome

Vector = npt.NDArray[np.float64]

ERROR = Prior(
    columns=(PARAMETERS, MACS),
    slopes=(-0.3, -0.05),
    slope_sd=0.15,
    amplitudes=(0.1, 0.2, 0.4, 0.8),
    noises=(0.05, 0.1, 0.2, 0.4),
)
"""Prior of the error's logarithm: twice the parameters leave about three quarters of the error."""

MIN_ERROR = 1e-3
"""Lower limit of an error, as zero has no logarithm; validation splits have hundreds of samples."""

FIRST_RANDOM = 5
"""Networks tried before the predictor is used; until then, samples of the space."""

MAX_TRIED = 256
"""The process uses only the latest ones, because its cost grows with the third power."""

MAX_KNOWN = 10_000
"""Candidates whose bytes are cached for later asks."""

DRAWS_PER_CANDIDATE = 20

MAX_LAYERS_SQUARED = 6_000
"""Limit on the sum over the networks whose bytes are computed for one ask, because a ledger's time grows with
it. Chains of typical depth rarely reach it; about ten cells do.
"""

SAMPLES_SHARE, CROSSOVER_SHARE = 0.5, 0.3
SCALING_SAMPLES = 200


class Predictor:
    """Selects candidates by Gaussian processes; see the package."""

    def __init__(
        self,
        space: Space,
        seed: int,
        accept: Accept,
        problem: Problem,
        aim: Acquisition,
        *,
        pool: int,
        describe: Callable[[Arch], Vector] | None = None,
    ) -> None:
        """``pool`` candidates are compared per ask; ``describe`` replaces the features of the network."""
        self._space, self._seed, self._accept, self._problem = space, seed, accept, problem
        self._aim, self._pool = aim, pool
        self._describe = describe or (lambda arch: features(space.net(arch)))
        self._tried: list[Tried] = []
        self._too_slow: list[Vector] = []
        self._keys: set[str] = set()
        self._known: dict[str, tuple[int, int] | None] = {}
        self._scaling: Scaling | None = None

    def ask(self, number: int) -> Arch:
        """The candidate with the largest expected gain; a sample of the space until enough is known."""
        rng = generator(self._seed, number)
        samples = (self._space.sample(rng) for _ in itertools.count())
        if len(self._tried) < FIRST_RANDOM:
            return first_accepted(samples, self._accept)
        return first_accepted(itertools.chain(self._best_first(rng), samples), self._accept)

    def tell(self, trial: Observation) -> None:
        """Learn from COMPLETE trials; of those over the latency limit, only that fact."""
        self._keys.add(trial.key)
        over_latency = trial.outcome is Outcome.INFEASIBLE and trial.stage != BUDGET_STAGE
        if trial.outcome is not Outcome.COMPLETE and not over_latency:
            return
        arch = self._space.from_json(trial.arch)
        described = self._describe(arch)
        if trial.scores is not None and not over_latency:
            self._tried = [*self._tried, Tried(arch, described, trial.scores)][-MAX_TRIED:]
        elif over_latency:
            self._too_slow = [*self._too_slow, described][-MAX_TRIED:]

    def best_of(self, archs: Sequence[Arch]) -> Arch:
        """The one of ``archs`` with the largest expected gain; the first while too little is known."""
        if len(self._tried) < FIRST_RANDOM:
            return archs[0]
        candidates = [
            ScoredCandidate(arch, self._describe(arch), *sizes)
            for arch in archs
            if (sizes := self._fitting_sizes(self._space.key(arch), arch)) is not None
        ]
        if not candidates:
            return archs[0]
        return candidates[int(np.argmax(self._gains(candidates)))].arch

    def _best_first(self, rng: np.random.Generator) -> list[Arch]:
        """The candidates of this ask by expected gain; ties go to the one drawn first."""
        candidates = self._candidates(rng)
        if not candidates:
            return []
        order = np.argsort(-self._gains(candidates), kind="stable")
        return [candidates[int(i)].arch for i in order]

    def _gains(self, candidates: Sequence[ScoredCandidate]) -> Vector:
        """Expected gain of each, times the probability that it is fast enough."""
        x = stacked(candidates)
        log_error = self._log_error(x)
        if self._problem.latency is not None:
            known = np.array([self._problem.latency(c.arch).ms for c in candidates])
            limit_ms = self._problem.latency_ms
            within = np.ones(len(known)) if limit_ms is None else (known <= limit_ms).astype(np.float64)
            return self._aim.gains(self._tried, candidates, log_error, known) * within
        if not all(t.scores.latency for t in self._tried):
            return self._aim.gains(self._tried, candidates, log_error, None)
        latencies = Latencies(self._scale(), self._tried, self._too_slow, self._problem.latency_ms)
        ms, within = latencies.predict(x)
        return self._aim.gains(self._tried, candidates, log_error, ms) * within

    def _log_error(self, x: Vector) -> Posterior:
        errors = np.array([max(t.error, MIN_ERROR) for t in self._tried])
        return GaussianProcess(ERROR, self._scale(), stacked(self._tried), np.log(errors)).predict(x)

    def _candidates(self, rng: np.random.Generator) -> list[ScoredCandidate]:
        """Up to ``pool`` distinct, untried networks that fit, in the order of drawing."""
        parents = self._aim.parents(self._tried)
        found: dict[str, ScoredCandidate] = {}
        layers_squared = 0.0
        for arch in itertools.islice(self._draws(parents, rng), DRAWS_PER_CANDIDATE * self._pool):
            key = self._space.key(arch)
            if key in self._keys or key in found:
                continue
            described = self._describe(arch)
            if 2.0 ** described[PARAMETERS] > self._problem.budget.flash_bytes:
                continue  # a weight takes at least one byte
            layers_squared += 4.0 ** described[DEPTH]
            if (sizes := self._fitting_sizes(key, arch)) is not None:
                found[key] = ScoredCandidate(arch, described, *sizes)
            if len(found) == self._pool or layers_squared > MAX_LAYERS_SQUARED:
                break
        return list(found.values())

    def _draws(self, parents: Sequence[Tried], rng: np.random.Generator) -> Iterator[Arch]:
        """Samples of the space, and mutated parents, some of them after a crossover."""
        while True:
            if rng.random() < SAMPLES_SHARE:
                yield self._space.sample(rng)
                continue
            first, second = (parents[int(i)].arch for i in rng.integers(len(parents), size=2))
            if rng.random() < CROSSOVER_SHARE:
                first = self._space.crossover(first, second, rng)
            yield self._space.mutate(first, rng)

    def _fitting_sizes(self, key: str, arch: Arch) -> tuple[int, int] | None:
        """Exact bytes of flash and SRAM; None if they are over budget."""
        if len(self._known) >= MAX_KNOWN:
            self._known.clear()
        if key not in self._known:
            ledger = self._problem.ledger(arch)
            fits = check(ledger, self._problem.budget).fits
            self._known[key] = (ledger.flash_bytes, ledger.sram_bytes) if fits else None
        return self._known[key]

    def _scale(self) -> Scaling:
        if self._scaling is None:
            rng = np.random.default_rng([self._seed])
            samples = [self._describe(self._space.sample(rng)) for _ in range(SCALING_SAMPLES)]
            self._scaling = Scaling.of(np.stack(samples))
        return self._scaling
