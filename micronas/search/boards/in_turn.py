"""One search for several boards: every network is trained once and evaluated for each board.

Each board has its own gate, strategy and result. The boards take turns in proposing: trial n is proposed by
the strategy of board n modulo their number, within the limits of that board. Every strategy observes all
trials as they are evaluated for its own board, so it learns from the trainings that the others proposed. A
network is trained if it fits one board at least.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from micronas.memory.ledger import Verdict
from micronas.search.evaluation.task import TrialResult
from micronas.search.failure_limit import FailureLimit
from micronas.search.gate import Gate
from micronas.search.proposals import Proposals
from micronas.space import Arch
from micronas.store import Record
from micronas.store.other_boards import BOARDS, board_entry, on_board
from micronas.strategy import Strategy
from micronas.strategy.observation import Observation
from micronas.trial import BUDGET_STAGE, Json, Outcome, object_at


@dataclass(frozen=True)
class BoardGates:
    """The gates of all boards by name, the first board first; a ``Gate`` that one of them must accept."""

    gates: Mapping[str, Gate]

    def verdict(self, arch: Arch) -> Verdict:
        """Fits if it fits one board; the reasons name the boards."""
        verdicts = {name: gate.verdict(arch) for name, gate in self.gates.items()}
        if any(verdict.fits for verdict in verdicts.values()):
            return Verdict(True)
        reasons = (f"{name}: {reason}" for name, verdict in verdicts.items() for reason in verdict.reasons)
        remedies = (remedy for verdict in verdicts.values() for remedy in verdict.remedies)
        return Verdict(False, tuple(reasons), tuple(dict.fromkeys(remedies)))

    def fits(self, arch: Arch) -> bool:
        """See ``Gate``."""
        return any(gate.fits(arch) for gate in self.gates.values())

    def fitting(self, arch: Arch) -> tuple[str, ...]:
        """The boards whose limits the architecture meets."""
        return tuple(name for name, gate in self.gates.items() if gate.verdict(arch).fits)

    def on_all(self, arch: Arch, result: TrialResult) -> TrialResult:
        """``result`` with an entry for every board: of those that it does not fit, the reason."""
        first, *others = self.gates
        known = object_at(result.details, BOARDS)
        same = board_entry(result.outcome, None, result.stage, result.reason)
        entries: dict[str, Json] = {
            name: self._refusal(name, arch) or known.get(name) or same for name in others
        }
        evaluated = replace(result, details={**result.details, BOARDS: entries})
        verdict = self.gates[first].verdict(arch)
        if verdict.fits:
            return evaluated
        reason = "; ".join(verdict.reasons)
        return replace(evaluated, outcome=Outcome.INFEASIBLE, scores=None, stage=BUDGET_STAGE, reason=reason)

    def _refusal(self, name: str, arch: Arch) -> dict[str, Json] | None:
        verdict = self.gates[name].verdict(arch)
        if verdict.fits:
            return None
        return board_entry(Outcome.INFEASIBLE, None, BUDGET_STAGE, "; ".join(verdict.reasons))


class BoardsInTurn:
    """The strategies of all boards, of which each proposes in its turn."""

    def __init__(
        self,
        proposals: Proposals,
        gates: Mapping[str, Gate],
        make: Callable[[str, Proposals], Strategy],
    ) -> None:
        """``make`` gives the strategy of a board whose proposals are checked as given."""
        self._proposals = proposals
        self._own = {name: replace(proposals, gate=gate) for name, gate in gates.items()}
        self._strategies = {name: make(name, own) for name, own in self._own.items()}

    def ask(self, number: int) -> Arch:
        """The proposal of the board whose turn it is."""
        name = tuple(self._strategies)[number % len(self._strategies)]
        own = self._own[name]
        own.rejected = 0
        arch = self._strategies[name].ask(number)
        self._proposals.rejected += own.rejected
        return arch

    def tell(self, trial: Observation) -> None:
        """Report a trial that ended in the same way for all boards."""
        for strategy in self._strategies.values():
            strategy.tell(trial)

    def tell_record(self, record: Record) -> None:
        """Report a trial to every strategy, as it is evaluated for the strategy's board."""
        for name, strategy in self._strategies.items():
            strategy.tell(on_board(record, name).trial)


class BoardsFailureLimit:
    """A ``FailureLimit`` for each board."""

    def __init__(self, names: tuple[str, ...], limit: int, stop_without_board: bool) -> None:
        self._limits = {name: FailureLimit(limit, stop_without_board) for name in names}

    def add(self, record: Record) -> None:
        """Raise ``SearchError`` if the trials of one board have reached the limit.

        That another board's proposal is over the limits of this one is no failure.
        """
        turn = record.trial.number % len(self._limits)
        for place, (name, limit) in enumerate(self._limits.items()):
            trial = on_board(record, name).trial
            if place == turn or not trial.refused:
                limit.add(trial)
