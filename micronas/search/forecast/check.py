"""How a run's forecasts of latency did: what they stood for, and what measuring said of the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from micronas.errors import plural
from micronas.estimate.rank import kendall_tau
from micronas.search.forecast.forecast import FORECAST, PROFILE
from micronas.search.forecast.gate import UNTRAINED
from micronas.store import Record
from micronas.trial import FORECAST_STAGE, Json, Outcome


@dataclass(frozen=True)
class ForecastCheck:
    """How a run's forecasts did; ``pairs`` are (predicted, measured) ms of networks that have both.

    ``refused`` candidates were not even trained; ``let_through`` were forecast alike and measured all the
    same, and ``rightly`` of those came out over the budget.
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


def check_forecasts(records: Sequence[Record]) -> ForecastCheck:
    """Count what was predicted, and hold what was both predicted and measured against each other."""
    trials = [r for r in records if "repeats_trial" not in r.details]
    pairs: list[tuple[float, float]] = []
    for record in trials:
        said: Any = record.details.get(FORECAST)
        if said and said["error"] is not None:
            pairs.append((said["ms"], said["ms"] / (1.0 + said["error"])))
    met = [r for r in trials if UNTRAINED in r.details and PROFILE in r.details]
    return ForecastCheck(
        predicted=sum(FORECAST in r.details and PROFILE not in r.details for r in trials),
        measured=sum(PROFILE in r.details for r in trials),
        pairs=tuple(pairs),
        refused=sum(r.trial.stage == FORECAST_STAGE for r in trials),
        let_through=len(met),
        rightly=sum(r.trial.outcome is Outcome.INFEASIBLE for r in met),
    )


def check_to_json(check: ForecastCheck) -> dict[str, Json]:
    """The object ``forecasts`` of a search's JSON; the last two are null without a pair."""
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


def check_text(check: ForecastCheck) -> str:
    """One line for people."""
    parts = [
        f"latency model: {plural(check.predicted, 'network')} predicted, {check.measured} built and run",
        *_refusals(check),
        _errors(check),
    ]
    return "; ".join(parts)


def _refusals(check: ForecastCheck) -> Iterator[str]:
    if check.refused:
        yield f"{check.refused} refused before training"
    if check.let_through:
        yield f"of {check.let_through} like them, measured all the same, {check.rightly} over the limit"


def _errors(check: ForecastCheck) -> str:
    if not check.pairs:
        return "nothing that it forecast was measured"
    tau = check_to_json(check)["kendall_tau"]
    text = f"of {len(check.pairs)} that have both, the largest error is {100 * check.worst_error:.1f} %"
    return text if tau is None else f"{text}, Kendall's tau {tau:.2f}"
