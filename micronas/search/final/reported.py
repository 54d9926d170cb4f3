"""The network that a search reports, as its final training or its trial left it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from micronas.errors import percent
from micronas.quantize.float_form import FloatForm
from micronas.search.evaluation.task import ONE_NETWORK, TRAINING, TrialResult
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


def better_form(
    record: Record, result: TrialResult | None, store: Store, say: Callable[[str], object]
) -> Winner | None:
    """The finally trained network, or that of the trial if it is the better one; ``say`` gets the reason.

    None for a network that was predicted to be fast enough but is too slow when measured.
    """
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
