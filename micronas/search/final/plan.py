"""The time that a budget keeps for the final training of the best trial so far."""

from __future__ import annotations

from micronas.search.final.cost import EPOCH_CPU_S, final_cpu_s
from micronas.search.termination import Termination
from micronas.search.termination.reserve import ENOUGH_EPOCHS
from micronas.store import Record
from micronas.trial import Trial, number_of


class FinalPlan:
    """Add every reported trial; ``termination`` then keeps time for ``epochs`` of the best one."""

    def __init__(self, termination: Termination, epochs: int) -> None:
        self._termination, self._epochs = termination, epochs
        self._best: Trial | None = None

    def add(self, record: Record) -> None:
        """The next trial."""
        trial = record.trial
        if trial.scores is None or (self._best is not None and self._best.rank <= trial.rank):
            return
        self._best = trial
        epoch_cpu_s = number_of(record.details.get(EPOCH_CPU_S))
        enough = min(self._epochs, ENOUGH_EPOCHS)
        all_s, enough_s = (
            final_cpu_s(trial.scores, epochs, epoch_cpu_s) for epochs in (self._epochs, enough)
        )
        self._termination.final_takes(all_s, enough_s, trial.scores.train_cpu_s)
