"""The end of a search: final training of the best networks, and the choice of one.

Both use validation data only. The test split is unsealed later, once, for the reported network
(``search/outcome.py``), and the store records it.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from micronas.errors import SearchError
from micronas.search.evaluation.task import WORKER_STAGE, TeacherNetwork, TrialResult, TrialTask
from micronas.search.final.finalists import Selection
from micronas.search.final.reported import Winner, better_form
from micronas.search.machine_stop import stopped_by
from micronas.search.termination import Termination
from micronas.search.workers.executor import Executor
from micronas.store import Record, Store
from micronas.trial import Outcome, Scores


def ranking(records: list[Record]) -> list[Record]:
    """COMPLETE trials, each architecture once: whole trainings before cut ones, then the best reward first;
    ties go to the earlier trial.
    """
    complete = [
        r for r in records if r.trial.outcome is Outcome.COMPLETE and "repeats_trial" not in r.details
    ]
    return sorted(complete, key=lambda r: r.trial.rank)


def choose(
    records: list[Record],
    finalists: int,
    executor: Executor,
    workers: int,
    store: Store,
    termination: Termination,
    say: Callable[[str], object] = lambda text: None,
    *,
    epochs: int = 0,
    selected: Selection | None = None,
    teacher: TeacherNetwork | None = None,
) -> Winner:
    """Train the best ``finalists`` trials fully and return the best; raises ``SearchError`` if there is none.

    ``selected`` is the order of the trials; without it, they rank by their own rewards.

    The finally trained network is reported even if its validation figure is below its trial's. The trial
    was selected for that figure, so it is biased upwards: it is the maximum of dozens of noisy ones. A
    finalist keeps its trial's network if its final training fails, misses a constraint, or is cut and is no
    better on validation; ``say`` receives the reason and ``Winner.note`` keeps it. ``epochs`` is the
    maximum number of epochs of a final training; it separates a hanging training from one on a slow
    machine.
    """
    best = (ranking(records) if selected is None else list(selected.records))[:finalists]
    if not best:
        raise nothing_usable(records, store)
    results = final_trainings(best, executor, workers, termination, say, epochs, teacher=teacher)
    return best_form(best, results, store, say, selected)


def nothing_usable(records: list[Record], store: Store) -> SearchError:
    """The error of a search without a single network: the reason of its last trial, and how to continue."""
    run = shlex.quote(str(store.folder))
    last = f"; the last one's reason: {records[-1].trial.reason}" if records else ""
    return SearchError(
        f"no trial ended with a usable network, so there is nothing to report{last}",
        remedy=f"`micronas show {run}` lists the reasons; `micronas search --resume {run} --trials "
        f"{2 * max(1, len(records))}` (or --minutes) continues with a larger budget",
    )


def final_trainings(
    best: list[Record],
    executor: Executor,
    workers: int,
    termination: Termination,
    say: Callable[[str], object],
    epochs: int,
    boards: Mapping[int, tuple[str, ...]] = MappingProxyType({}),
    teacher: TeacherNetwork | None = None,
) -> dict[int, TrialResult]:
    """Trial number -> its final training; ``boards`` of each, and ``teacher``, as in ``TrialTask``."""
    executor.drop()
    limit_s = termination.final_fit_s(rounds=-(-len(best) // workers))
    limit_cpu_s = termination.final_fit_cpu_s(networks=len(best))
    for record in best:
        trial = record.trial
        hang_timeout_s = _hang_timeout_s(trial.scores, epochs)
        executor.submit(
            TrialTask(
                trial.number,
                trial.arch,
                trial.key,
                final=True,
                deadline_s=limit_s,
                cpu_s=limit_cpu_s,
                hang_timeout_s=hang_timeout_s,
                boards=boards.get(trial.number, ()),
                teacher=teacher,
            )
        )
    results = dict(executor.next_finished(None) or _lost(record) for record in best)
    for number, result in results.items():
        if result.fault is not None:
            raise stopped_by(result.fault, f"the final training of trial {number}")
        if result.scores is not None and result.scores.shortened:
            say(f"trial {number}: {result.scores.shortened}")
    return results


def best_form(
    best: list[Record],
    results: Mapping[int, TrialResult],
    store: Store,
    say: Callable[[str], object],
    selected: Selection | None,
) -> Winner:
    """The best network of the finalists, each as its final training or its trial left it; see ``choose``."""
    forms = [better_form(record, results.get(record.trial.number), store, say) for record in best]
    winners = [winner for winner in forms if winner is not None]
    if not winners:
        raise SearchError(
            "no finalist meets constraints.latency_ms when measured; their latencies in the search "
            "were predicted",
            remedy="start a new run with a smaller latency.max_error, or with latency.model: false",
        )
    winner = min(winners, key=lambda winner: winner.rank)
    return winner if selected is None else replace(winner, selection=selected.text)


HANG_TIMEOUT_FACTOR = 10.0
"""A final training counts as hanging after this many times the duration of its epochs in the trial."""


def _hang_timeout_s(scores: Scores | None, epochs: int) -> float:
    if scores is None or scores.epochs == 0:
        return 0.0
    return HANG_TIMEOUT_FACTOR * epochs * scores.train_cpu_s / scores.epochs


def _lost(record: Record) -> tuple[int, TrialResult]:
    return record.trial.number, TrialResult(Outcome.FAILED, stage=WORKER_STAGE, reason="gave no result")
