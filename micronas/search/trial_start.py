"""The first half of a trial: propose, check, and what a worker is asked to do.

A proposal that is known, over a budget or predicted to be too slow ends here, without a worker.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from micronas.search.evaluation.task import ONE_NETWORK, TrialResult, TrialTask
from micronas.search.inheritance import INHERITS, Donors, Inheritance
from micronas.search.machine_speed import EPOCH_FACTOR, MachineSpeed
from micronas.search.one_network import AFFORDS_ONE, as_first
from micronas.search.parts import SearchParts
from micronas.search.predicted_latency.gate import UNTRAINED, LatencyGate
from micronas.space import Arch
from micronas.store import Record
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


class TrialStart:
    """See the module."""

    def __init__(
        self,
        parts: SearchParts,
        strategy: Strategy,
        first: tuple[Arch, ...] = (),
        *,
        latency_gate: LatencyGate | None = None,
        donors: Donors | None = None,
        speed: MachineSpeed | None = None,
    ) -> None:
        """``first`` are evaluated before the strategy is asked.

        ``latency_gate`` is set if latencies are predicted and limited, ``donors`` if candidates inherit
        weights, and ``speed`` if the time of an epoch limits what a trial is planned to train.
        """
        self._parts, self._strategy, self._first = parts, strategy, first
        self._latency_gate, self._donors, self._speed = latency_gate, donors, speed
        self._said_hopeless = False

    def proposed(self, number: int) -> Pending:
        """The baseline network or the strategy's proposal for trial ``number``."""
        # A strategy may spend a minute on a proposal; the budget in minutes must include it.
        proposals, first = self._parts.proposals, self._first
        proposals.rejected, started_s = 0, time.monotonic()
        if number < len(first) and proposals.can_win(first[number]):
            arch, origin = first[number], "baseline"
        else:
            arch, origin = self._strategy.ask(number), "strategy"
        self._say_hopeless()
        return Pending(arch, self._parts.space.key(arch), origin, proposals.rejected, started_s)

    def begun(self, number: int, pending: Pending) -> TrialTask | TrialResult:
        """The task of a worker, or the result if none is needed."""
        parts = self._parts
        known = parts.past.ended_as(pending.key)
        verdict = parts.proposals.gate.verdict(pending.arch)
        parts.proposals.seen.add(pending.key)
        if known is not None:
            return _repeated(parts.store.record(known))
        if not verdict.fits:
            return _refused(BUDGET_STAGE, "; ".join(verdict.reasons))
        return self._fitting(number, pending)

    def recall(self, record: Record) -> None:
        """State to restore for a trial that an earlier session started."""
        self._parts.proposals.seen.add(record.trial.key)
        if self._latency_gate:
            self._latency_gate.recall(record)

    def _fitting(self, number: int, pending: Pending) -> TrialTask | TrialResult:
        """Of a candidate within the budgets, which may be predicted to be too slow."""
        parts, profiles = self._parts, self._parts.past.profiles
        slow = self._latency_gate.check(pending.arch, profiles) if self._latency_gate else None
        if slow is not None:
            pending.details[UNTRAINED] = slow.to_json()
        if slow is not None and not slow.let_through:
            return _refused(PREDICTION_STAGE, slow.reason)
        task = TrialTask(
            number,
            parts.space.to_json(pending.arch),
            pending.key,
            deadline_s=parts.termination.trial_s(),
            curves=parts.past.curves,
            profiles=profiles,
            measure=slow is not None,
            boards=() if parts.boards is None else parts.boards.fitting(pending.arch),
            inherits=self._inheritance(pending),
            epoch_factor=self._epoch_factor(pending),
        )
        if number == 0 and parts.search is not None:
            task = as_first(task, parts.search, parts.termination, parts.workers)
        if task.final and task.undecided is None:
            parts.observer.phase(AFFORDS_ONE)
            pending.details[ONE_NETWORK] = True
        return task

    def _inheritance(self, pending: Pending) -> Inheritance | None:
        """The weights that a candidate starts from, which its record then names."""
        found = self._donors.best_for(pending.arch) if self._donors is not None else None
        weights = self._parts.store.weights(found[0]) if found is not None else None
        if found is None or weights is None:
            return None
        pending.details[INHERITS] = found[0]
        return Inheritance(*found, weights)

    def _epoch_factor(self, pending: Pending) -> float:
        """What an epoch takes here in predicted ones, which the candidate's record then names."""
        factor = 1.0 if self._speed is None else self._speed.epoch_factor
        if factor != 1.0:
            pending.details[EPOCH_FACTOR] = factor
        return factor

    def _say_hopeless(self) -> None:
        """Once, that networks are passed over."""
        if self._parts.proposals.hopeless and not self._said_hopeless:
            self._said_hopeless = True
            self._parts.observer.phase(HOPELESS)


def _refused(stage: str, reason: str) -> TrialResult:
    return TrialResult(Outcome.INFEASIBLE, stage=stage, reason=reason)


def _repeated(known: Record) -> TrialResult:
    trial = known.trial
    details: dict[str, Json] = {**known.details, "repeats_trial": trial.number}
    return TrialResult(trial.outcome, trial.scores, trial.stage, trial.reason, details)
