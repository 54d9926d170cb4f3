"""The first half of a trial: propose, check, and what a worker is asked to do.

A proposal that is known, over a budget or predicted to be too slow ends here, without a worker.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from micronas.search.affordable import SearchOrNot
from micronas.search.boards import BoardGates
from micronas.search.inheritance import INHERITS, Donors, Inheritance
from micronas.search.machine_speed import EPOCH_FACTOR, MachineSpeed
from micronas.search.observer import Observer
from micronas.search.one_network import AFFORDS_ONE, as_first
from micronas.search.past import Past
from micronas.search.predicted_latency.gate import UNTRAINED, LatencyGate
from micronas.search.proposals import Proposals
from micronas.search.task import ONE_NETWORK, TrialResult, TrialTask
from micronas.search.termination import Termination
from micronas.space import Arch, Space
from micronas.store import Record, Store
from micronas.strategy import Strategy
from micronas.trial import BUDGET_STAGE, PREDICTION_STAGE, Json, Outcome

HOPELESS = "skipping networks so slow that even 100 % right answers would not give them the best reward"


@dataclass(frozen=True)
class Pending:
    """A trial that was proposed and has not ended; ``details`` are added to those of its result."""

    arch: Arch
    key: str
    origin: str
    rejected: int
    started_s: float
    details: dict[str, Json] = field(default_factory=dict)


@dataclass
class TrialStart:
    """See the module; the fields are as in ``Loop``, and ``past`` are the trials reported so far."""

    space: Space
    strategy: Strategy
    proposals: Proposals
    first: tuple[Arch, ...]
    past: Past
    store: Store
    termination: Termination
    observer: Observer
    workers: int
    latency_gate: LatencyGate | None
    donors: Donors | None
    boards: BoardGates | None
    search: SearchOrNot | None
    speed: MachineSpeed | None = None
    _said_hopeless: bool = field(default=False, init=False)

    def proposed(self, number: int) -> Pending:
        """The baseline network or the strategy's proposal for trial ``number``."""
        # A strategy may spend a minute on a proposal; the budget in minutes must include it.
        self.proposals.rejected, started_s = 0, time.monotonic()
        if number < len(self.first) and self.proposals.can_win(self.first[number]):
            arch, origin = self.first[number], "baseline"
        else:
            arch, origin = self.strategy.ask(number), "strategy"
        self._say_hopeless()
        return Pending(arch, self.space.key(arch), origin, self.proposals.rejected, started_s)

    def begun(self, number: int, pending: Pending) -> TrialTask | TrialResult:
        """The task of a worker, or the result if none is needed."""
        known = self.past.ended_as(pending.key)
        verdict = self.proposals.gate.verdict(pending.arch)
        self.proposals.seen.add(pending.key)
        if known is not None:
            return _repeated(self.store.record(known))
        if not verdict.fits:
            return _refused(BUDGET_STAGE, "; ".join(verdict.reasons))
        return self._fitting(number, pending)

    def recall(self, record: Record) -> None:
        """State to restore for a trial that an earlier session started."""
        self.proposals.seen.add(record.trial.key)
        if self.latency_gate:
            self.latency_gate.recall(record)

    def _fitting(self, number: int, pending: Pending) -> TrialTask | TrialResult:
        """Of a candidate within the budgets, which may be predicted to be too slow."""
        profiles = self.past.profiles
        slow = self.latency_gate.check(pending.arch, profiles) if self.latency_gate else None
        if slow is not None:
            pending.details[UNTRAINED] = slow.to_json()
        if slow is not None and not slow.let_through:
            return _refused(PREDICTION_STAGE, slow.reason)
        task = TrialTask(
            number,
            self.space.to_json(pending.arch),
            pending.key,
            deadline_s=self.termination.trial_s(),
            curves=self.past.curves,
            profiles=profiles,
            measure=slow is not None,
            boards=() if self.boards is None else self.boards.fitting(pending.arch),
            inherits=self._inheritance(pending),
            epoch_factor=self._epoch_factor(pending),
        )
        if number == 0 and self.search is not None:
            task = as_first(task, self.search, self.termination, self.workers)
        if task.final and task.undecided is None:
            self.observer.phase(AFFORDS_ONE)
            pending.details[ONE_NETWORK] = True
        return task

    def _inheritance(self, pending: Pending) -> Inheritance | None:
        """The weights that a candidate starts from, which its record then names."""
        found = self.donors.best_for(pending.arch) if self.donors is not None else None
        weights = self.store.weights(found[0]) if found is not None else None
        if found is None or weights is None:
            return None
        pending.details[INHERITS] = found[0]
        return Inheritance(*found, weights)

    def _epoch_factor(self, pending: Pending) -> float:
        """What an epoch takes here in predicted ones, which the candidate's record then names."""
        factor = 1.0 if self.speed is None else self.speed.epoch_factor
        if factor != 1.0:
            pending.details[EPOCH_FACTOR] = factor
        return factor

    def _say_hopeless(self) -> None:
        """Once, that networks are passed over."""
        if self.proposals.hopeless and not self._said_hopeless:
            self._said_hopeless = True
            self.observer.phase(HOPELESS)


def _refused(stage: str, reason: str) -> TrialResult:
    return TrialResult(Outcome.INFEASIBLE, stage=stage, reason=reason)


def _repeated(known: Record) -> TrialResult:
    trial = known.trial
    details: dict[str, Json] = {**known.details, "repeats_trial": trial.number}
    return TrialResult(trial.outcome, trial.scores, trial.stage, trial.reason, details)
