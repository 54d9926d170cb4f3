"""The end of a search: final training of the best networks, choice of one, and its score on the test split.

Everything up to the choice uses validation data only. The test split is unsealed once, for the reported
network, and the store records it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from micronas.errors import SearchError
from micronas.search.executor import Executor
from micronas.search.machine_stop import stopped_by
from micronas.search.task import TrialResult, TrialTask
from micronas.search.termination import Termination
from micronas.store import Record, Store
from micronas.trial import Json, Outcome, Scores, Source


@dataclass(frozen=True)
class Winner:
    """The network that the search reports. ``final_fit`` is whether the final training improved it.

    ``weights`` are the float weights, None if the run did not keep them.
    """

    number: int
    key: str
    scores: Scores
    tflite: bytes
    final_fit: bool
    arch: Json = None
    weights: bytes | None = None


def ranking(records: list[Record]) -> list[Record]:
    """COMPLETE trials, best reward first, each architecture once; ties go to the earlier trial."""
    complete = [
        r for r in records if r.trial.outcome is Outcome.COMPLETE and "repeats_trial" not in r.details
    ]
    return sorted(complete, key=lambda r: (-_reward(r.trial.scores), r.trial.number))


LUCK = 0.01
"""How far the reward of a final training may be below its trial's and still replace it.

A finalist was selected for its high score, so its trial's accuracy is biased upwards by chance (the best of
dozens, about half a point of standard error on 750 samples). Its final training is evaluated independently.
"""


def choose(
    records: list[Record],
    finalists: int,
    executor: Executor,
    workers: int,
    store: Store,
    termination: Termination,
    say: Callable[[str], None] = lambda text: None,
    *,
    epochs: int = 0,
) -> Winner:
    """Train the best ``finalists`` trials fully and return the best; raises ``SearchError`` if there is none.

    A finalist whose final training fails or is clearly worse keeps its trial's network, and ``say`` receives
    the reason. ``epochs`` is the maximum number of epochs of a final training; it separates a hanging
    training from one on a slow machine.
    """
    best = ranking(records)[:finalists]
    if not best:
        last = f"; the last one's reason: {records[-1].trial.reason}" if records else ""
        raise SearchError(
            f"no trial ended with a usable network, so there is nothing to report{last}",
            remedy="`micronas report RUN` shows every trial's reason; raise the budget or fix the cause",
        )
    executor.drop()
    limit_s = termination.final_fit_s(rounds=-(-len(best) // workers))
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
                hang_timeout_s=hang_timeout_s,
            )
        )
    results = dict(executor.next_finished(None) or _lost(record) for record in best)
    for number, result in results.items():
        if result.fault is not None:
            raise stopped_by(result.fault, f"the final training of trial {number}")
    forms = [_better_form(record, results.get(record.trial.number), store, say) for record in best]
    winners = [winner for winner in forms if winner is not None]
    if not winners:
        raise SearchError(
            "no finalist meets constraints.latency_ms when measured; their latencies in the search "
            "were predicted",
            remedy="start a new run with a smaller latency.max_error, or with latency.model: false",
        )
    return max(winners, key=lambda winner: winner.scores.reward)


HANG_TIMEOUT_FACTOR = 10.0
"""A final training counts as hanging after this many times the duration of its epochs in the trial."""


def _hang_timeout_s(scores: Scores | None, epochs: int) -> float:
    if scores is None or scores.epochs == 0:
        return 0.0
    return HANG_TIMEOUT_FACTOR * epochs * scores.train_cpu_s / scores.epochs


def _better_form(
    record: Record, result: TrialResult | None, store: Store, say: Callable[[str], None]
) -> Winner | None:
    """None for a network that was predicted to be fast enough but is too slow when measured."""
    if result is not None and result.outcome is Outcome.INFEASIBLE and _is_predicted(record.trial.scores):
        return None
    trained, finished = _as_trained(record, store), _as_finished(record, result)
    before = trained.scores.reward
    if finished is not None and finished.scores.reward >= before - LUCK:
        return finished
    if finished is not None:
        why = f"gave a reward of {finished.scores.reward:.4f}, below the trial's {before:.4f}"
    else:
        why = f"failed: {result.reason if result is not None else 'gave no result'}"
    say(f"final training of trial {record.trial.number} {why}; the network of the trial is kept")
    return trained


def _is_predicted(scores: Scores | None) -> bool:
    return scores is not None and scores.latency is not None and scores.latency.source is Source.PREDICTED


def _as_trained(record: Record, store: Store) -> Winner:
    trial = record.trial
    tflite = record.tflite or store.model(trial.number)
    assert trial.scores is not None, "a COMPLETE trial has scores"
    assert tflite is not None, "a COMPLETE trial has a model"
    weights = record.weights or store.weights(trial.number)
    return Winner(trial.number, trial.key, trial.scores, tflite, False, trial.arch, weights)


def _as_finished(record: Record, result: TrialResult | None) -> Winner | None:
    if result is None or result.outcome is not Outcome.COMPLETE or not result.scores or not result.tflite:
        return None
    trial = record.trial
    return Winner(trial.number, trial.key, result.scores, result.tflite, True, trial.arch, result.weights)


def _lost(record: Record) -> tuple[int, TrialResult]:
    return record.trial.number, TrialResult(Outcome.FAILED, stage="worker", reason="gave no result")


def _reward(scores: Scores | None) -> float:
    return scores.reward if scores else float("-inf")
