"""Which trials deserve the final training: the best few, trained again with other seeds.

The best of dozens of trials on one small validation split is the luckiest of the good ones: its figure says
little about its next training. The best trials and the best baseline network are therefore trained again,
as often as the configuration and the budget allow, and rank by the mean of these trainings
(``finalist_order``). The figure of the trial itself is left out, because it was selected for being high.

Where the data name groups (speakers, recordings), every round holds out other groups, the same for all
finalists: a group-wise cross-validation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from micronas.config import FinalFitConfig, RewardConfig
from micronas.errors import plural
from micronas.search.evaluation.task import LOSS, QUALITY, TrialTask
from micronas.search.final.order import Finalist, Held, in_order
from micronas.search.final.selection_text import by_loss, selection_text
from micronas.search.machine_speed import planned_factor
from micronas.search.machine_stop import stopped_by
from micronas.search.termination import Termination
from micronas.search.termination.reserve import TRIALS_PER_FINALIST
from micronas.search.workers.executor import Executor
from micronas.store import Record
from micronas.trial import Outcome, number_of


@dataclass(frozen=True)
class Selection:
    """The trials, best first, and ``text``: how far apart the finalists are; empty if none was repeated."""

    records: tuple[Record, ...]
    text: str = ""


def select(
    ranked: Sequence[Record],
    config: FinalFitConfig,
    rewards: RewardConfig,
    validation: Held,
    executor: Executor,
    termination: Termination,
    say: Callable[[str], object] = lambda text: None,
) -> Selection:
    """Train the best of ``ranked`` again and put the best by their means first; the rest keep their order.

    Finalists whose means differ by less than the standard error of that difference count as equal: the
    cheapest of them comes first.
    """
    candidates = candidates_of(ranked, config.candidates)
    if len(candidates) < 2:
        return Selection(tuple(ranked))
    executor.drop()
    finalists = _repeated(candidates, config.seeds, executor, termination, say)
    if not finalists:
        say("there was no time to train the best trials again, so one training of each decides")
        return Selection(tuple(ranked))
    ordered, equal = in_order(finalists, rewards, validation)
    chosen = [finalist.record for finalist in ordered]
    rest = [record for record in ranked if record not in chosen]
    text = selection_text(ordered, equal, validation) + by_loss(ordered, equal, rewards)
    say(text)
    return Selection((*chosen, *rest), text)


def candidates_of(ranked: Sequence[Record], most: int) -> list[Record]:
    """The best whole trainings, at most ``most``, and always the best baseline network."""
    whole = [r for r in ranked if r.trial.scores is not None and not r.trial.scores.cut]
    count = min(most, len(whole) // TRIALS_PER_FINALIST)
    chosen = whole[:count]
    baseline = next((r for r in whole if r.trial.origin == "baseline"), None)
    if count > 1 and baseline is not None and baseline not in chosen:
        chosen[-1] = baseline
    return chosen


def _repeated(
    candidates: Sequence[Record],
    seeds: int,
    executor: Executor,
    termination: Termination,
    say: Callable[[str], object],
) -> list[Finalist]:
    """The candidates with the qualities of as many rounds as the budget has time for.

    A candidate of which a training failed is left out.
    """
    found = {record.trial.number: Finalist(record) for record in candidates}
    for repeat in range(1, seeds + 1):
        records = [finalist.record for finalist in found.values()]
        if not records or not termination.admits_s(_round_s(records)):
            break
        say(f"training {plural(len(records), 'finalist')} again, {repeat} of {seeds}")
        figures = _round(records, repeat, executor)
        found = {n: f.with_round(*figures[n]) for n, f in found.items() if n in figures}
    return [finalist for finalist in found.values() if finalist.qualities]


def _round_s(records: Sequence[Record]) -> float:
    """CPU seconds that the trainings of ``records`` took in their trials."""
    return sum(r.trial.scores.train_cpu_s for r in records if r.trial.scores is not None)


def _round(
    records: Sequence[Record], repeat: int, executor: Executor
) -> Mapping[int, tuple[float, float | None]]:
    """Trial number -> int8 quality and loss of one more training of each."""
    factor = planned_factor(max(records, key=lambda record: record.trial.number))
    for record in records:
        trial = record.trial
        executor.submit(TrialTask(trial.number, trial.arch, trial.key, repeat=repeat, epoch_factor=factor))
    figures: dict[int, tuple[float, float | None]] = {}
    for _ in records:
        finished = executor.next_finished(None)
        if finished is None:
            break
        number, result = finished
        if result.fault is not None:
            raise stopped_by(result.fault, f"a further training of trial {number}")
        quality = number_of(result.details.get(QUALITY))
        if result.outcome is Outcome.COMPLETE and quality is not None:
            figures[number] = quality, number_of(result.details.get(LOSS))
    return figures
