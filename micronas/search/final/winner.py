"""The end of a search: final training of the best networks, choice of one, and its score on the test split.

Everything up to the choice uses validation data only. The test split is unsealed once, for the reported
network, and the store records it.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from micronas.errors import SearchError, percent
from micronas.quantize.float_form import FloatForm
from micronas.search.evaluation.task import (
    ONE_NETWORK,
    TRAINING,
    WORKER_STAGE,
    TeacherNetwork,
    TrialResult,
    TrialTask,
)
from micronas.search.final.finalists import Selection
from micronas.search.machine_stop import stopped_by
from micronas.search.termination import Termination
from micronas.search.workers.executor import Executor
from micronas.store import Record, Store
from micronas.trial import Json, Outcome, Scores, Source


@dataclass(frozen=True)
class Winner:
    """The network that the search reports.

    ``final_fit`` is whether it is the finally trained one. ``note`` explains why it is not, or how a final
    training was cut; it is empty for a complete final training. ``weights`` are the float weights, None if
    the run did not keep them. ``selection`` says how the finalists compared, empty if none was trained again.
    ``training`` names what its final training did beyond the usual. ``float_form`` is that of a final
    training, None if it is still to be made.
    """

    number: int
    key: str
    scores: Scores
    tflite: bytes
    final_fit: bool
    arch: Json = None
    weights: bytes | None = None
    note: str = ""
    selection: str = ""
    training: str = ""
    float_form: FloatForm | None = None

    @property
    def rank(self) -> tuple[bool, float]:
        """Sorts the best first: complete final trainings before the others, then by reward."""
        return bool(self.note), -self.scores.reward


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
    forms = [_better_form(record, results.get(record.trial.number), store, say) for record in best]
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


def _better_form(
    record: Record, result: TrialResult | None, store: Store, say: Callable[[str], object]
) -> Winner | None:
    """None for a network that was predicted to be fast enough but is too slow when measured."""
    if result is not None and result.outcome is Outcome.INFEASIBLE and _is_predicted(record.trial.scores):
        return None
    trained, finished = _as_trained(record, store), _as_finished(record, result)
    if finished is not None and not finished.scores.cut:
        return finished
    if finished is not None and ONE_NETWORK in record.details:
        better, note = finished, f"its only training was {finished.scores.cut}"
    elif finished is not None:
        better, note = _better_of_cut(trained, finished)
    else:
        better, note = trained, f"the final training {_no_network(result)}; the trial's network is reported"
    say(f"trial {record.trial.number}: {note}")
    return replace(better, note=note)


def _better_of_cut(trained: Winner, finished: Winner) -> tuple[Winner, str]:
    """The better one on validation data, and a note about it."""
    after, before = finished.scores.quality, trained.scores.quality
    better = finished if after > before else trained
    reported = "its" if better is finished else "the trial's"
    return better, (
        f"the final training was {finished.scores.cut}; {reported} network is reported, the better one on "
        f"validation data ({percent(after)} after the cut, {percent(before)} in the trial)"
    )


def _no_network(result: TrialResult | None) -> str:
    if result is None:
        return "gave no result"
    if result.outcome is Outcome.INFEASIBLE:
        return f"missed a constraint: {result.reason}"
    return f"failed: {result.reason}"


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
    trial, said = record.trial, str(result.details.get(TRAINING, ""))
    return Winner(
        trial.number,
        trial.key,
        result.scores,
        result.tflite,
        True,
        trial.arch,
        result.weights,
        training=said,
        float_form=result.float_form,
    )


def _lost(record: Record) -> tuple[int, TrialResult]:
    return record.trial.number, TrialResult(Outcome.FAILED, stage=WORKER_STAGE, reason="gave no result")
