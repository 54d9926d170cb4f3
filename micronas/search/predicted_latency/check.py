"""How accurate the predicted latencies of a run were, and how many networks were predicted or refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from micronas.errors import plural
from micronas.estimate.rank import kendall_tau
from micronas.search.predicted_latency.gate import UNTRAINED
from micronas.search.predicted_latency.prediction import PREDICTION, PROFILE
from micronas.store import Record
from micronas.trial import PREDICTION_STAGE, Json, Outcome, number_of, object_at


@dataclass(frozen=True)
class PredictionCheck:
    """How a run's predictions did; ``pairs`` are (predicted, measured) ms of networks that have both.

    ``refused`` candidates were predicted to be too slow and were not trained. ``let_through`` more were
    predicted to be too slow and measured regardless; ``rightly`` of those exceeded the limit.
    """

    predicted: int
    measured: int
    pairs: tuple[tuple[float, float], ...]
    refused: int = 0
    let_through: int = 0
    rightly: int = 0

    @property
    def worst_error(self) -> float:
        """Largest relative error of the pairs."""
        return max((abs(p / m - 1.0) for p, m in self.pairs), default=0.0)


def check_predictions(records: Sequence[Record]) -> PredictionCheck:
    """Count the predictions, and pair each with the measurement of the same network, if there is one."""
    trials = [r for r in records if "repeats_trial" not in r.details]
    pairs: list[tuple[float, float]] = []
    for record in trials:
        found = object_at(record.details, PREDICTION)
        ms, error = number_of(found.get("ms")), number_of(found.get("error"))
        if ms is not None and error is not None:
            pairs.append((ms, ms / (1.0 + error)))
    met = [r for r in trials if UNTRAINED in r.details and PROFILE in r.details]
    return PredictionCheck(
        predicted=sum(PREDICTION in r.details and PROFILE not in r.details for r in trials),
        measured=sum(PROFILE in r.details for r in trials),
        pairs=tuple(pairs),
        refused=sum(r.trial.stage == PREDICTION_STAGE for r in trials),
        let_through=len(met),
        rightly=sum(r.trial.outcome is Outcome.INFEASIBLE for r in met),
    )


def check_to_json(check: PredictionCheck) -> dict[str, Json]:
    """The object ``latency_predictions`` of a search's JSON; without pairs, error and tau are null."""
    tau = kendall_tau(*zip(*check.pairs, strict=True)) if len(check.pairs) > 1 else None
    return {
        "predicted": check.predicted,
        "measured": check.measured,
        "checked": len(check.pairs),
        "worst_error": check.worst_error if check.pairs else None,
        "kendall_tau": tau,
        "refused_untrained": check.refused,
        "let_through": check.let_through,
        "let_through_over": check.rightly,
    }


def check_text(check: PredictionCheck) -> str:
    """One line of text."""
    parts = [
        f"latency model: {plural(check.predicted, 'network')} predicted, {check.measured} built and run",
        *_refusals(check),
        _errors(check),
    ]
    return "; ".join(parts)


def _refusals(check: PredictionCheck) -> Iterator[str]:
    if check.refused:
        yield f"{check.refused} refused before training"
    if check.let_through:
        yield f"{check.let_through} predicted to be too slow but measured, {check.rightly} of them too slow"


def _errors(check: PredictionCheck) -> str:
    if not check.pairs:
        return "no predicted network was measured"
    tau = check_to_json(check)["kendall_tau"]
    text = f"{len(check.pairs)} predicted and measured, errors up to {100 * check.worst_error:.1f} %"
    return text if tau is None else f"{text}, Kendall's tau {tau:.2f}"
