"""Which trials deserve the final training: the best few, trained again with other seeds.

The best of dozens of trials on one small validation split is the luckiest of the good ones: its figure says
little about its next training. The best trials and the best baseline network are therefore trained again,
as often as the configuration and the budget allow, and rank by the mean of these trainings. The figure of the
trial itself is left out, because it was selected for being high.

Where the data name groups (speakers, recordings), every round holds out other groups, the same for all
finalists: a group-wise cross-validation. Rounds then differ by how hard their groups are, which says nothing
of the networks, so only differences within a round count.

On an easy split many networks answer nearly everything. Those that accuracy cannot distinguish are compared
by their loss, which also says how sure the answers are; those that neither distinguishes, by their cost.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

import numpy as np

from micronas.config import FinalFitConfig, RewardConfig
from micronas.errors import percent, plural
from micronas.search.executor import Executor
from micronas.search.machine_stop import stopped_by
from micronas.search.task import LOSS, QUALITY, TrialTask
from micronas.search.termination import Termination
from micronas.search.termination.reserve import TRIALS_PER_FINALIST
from micronas.store import Record
from micronas.strategy.reward import reward
from micronas.trial import Outcome, number_of

Z95 = 1.96
"""Standard errors of a 95 % interval."""


@dataclass(frozen=True)
class Finalist:
    """A trial and the int8 qualities of its further trainings, each with another seed; ``losses`` on the same
    validation data, empty if one is not known.
    """

    record: Record
    qualities: tuple[float, ...] = ()
    losses: tuple[float, ...] = ()

    def with_round(self, quality: float, loss: float | None) -> Finalist:
        """After one more training."""
        losses = self.losses if loss is None else (*self.losses, loss)
        return replace(self, qualities=(*self.qualities, quality), losses=losses)

    @property
    def number(self) -> int:
        """Of the trial."""
        return self.record.trial.number

    @property
    def mean(self) -> float:
        """Mean quality of the further trainings."""
        return fmean(self.qualities)

    @property
    def cost(self) -> tuple[float, int]:
        """Latency if there is one, then multiplications: the cheaper network first."""
        scores = self.record.trial.scores
        assert scores is not None, "a finalist has scores"
        return (scores.latency.ms if scores.latency else 0.0), scores.macs

    def mean_reward(self, config: RewardConfig) -> float:
        """The reward of the mean quality at the latency of the trial."""
        latency_ms, _ = self.cost
        return reward(self.mean, latency_ms or None, config)


@dataclass(frozen=True)
class Held:
    """The validation split: its number of samples, and whether each round holds out other groups."""

    samples: int
    grouped: bool = False


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
    text = selection_text(ordered, equal, validation) + _by_loss(ordered, equal, rewards)
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


def in_order(
    finalists: Sequence[Finalist], rewards: RewardConfig, validation: Held | None = None
) -> tuple[list[Finalist], list[Finalist]]:
    """All finalists, and those that cannot be distinguished from the best.

    Those that are equal in reward come first, and of these the ones that are equal in loss, the cheapest of
    them leading; the others follow by mean reward.
    """
    by_reward = sorted(finalists, key=lambda f: -f.mean_reward(rewards))
    best = by_reward[0]
    close = _error_of_difference(finalists, best, validation)
    scale = best.mean_reward(rewards) / best.mean if best.mean > 0 else 1.0
    least = best.mean_reward(rewards) - close * scale
    by_cost = sorted((f for f in by_reward if f.mean_reward(rewards) >= least), key=lambda f: f.cost)
    equal = _equal_in_loss(by_cost, finalists)
    rest = [f for f in by_cost if f not in equal]
    return [*equal, *rest, *(f for f in by_reward if f not in by_cost)], equal


def _equal_in_loss(equal: list[Finalist], finalists: Sequence[Finalist]) -> list[Finalist]:
    """Those whose loss is not distinguished from the lowest of ``equal``; all of them if losses are unknown.

    One round does not show the spread of the differences, so all of them count as equal after it.
    """
    rounds = len(equal[0].losses)
    if rounds < 2 or len(equal) < 2 or any(len(f.losses) != rounds for f in finalists):
        return equal
    close = _within_rounds([f.losses for f in finalists]) * math.sqrt(2 / rounds)
    lowest = min(fmean(f.losses) for f in equal)
    return [f for f in equal if fmean(f.losses) <= lowest + close]


def interval(finalist: Finalist, seed_error: float, validation: Held) -> tuple[float, float]:
    """95 % interval of the mean quality: spread of the trainings, and sampling of the validation split.

    Rounds that hold out other groups also have other samples.
    """
    mean = finalist.mean
    sampling = _sampling_variance(mean, validation.samples)
    if validation.grouped:
        sampling /= len(finalist.qualities)
    half = Z95 * math.sqrt(seed_error**2 / len(finalist.qualities) + sampling)
    return max(0.0, mean - half), min(1.0, mean + half)


def selection_text(ordered: Sequence[Finalist], equal: Sequence[Finalist], validation: Held) -> str:
    """The finalists with their intervals, and which of them cannot be distinguished."""
    error, times = _seed_error(ordered), len(ordered[0].qualities)
    figures = []
    for finalist in ordered:
        low, high = interval(finalist, error, validation)
        name = f"trial {finalist.number}{_baseline(finalist)}"
        figures.append(f"{name} {percent(finalist.mean)} ({percent(low)} to {percent(high)})")
    split = "other validation groups each time" if validation.grouped else "validation data"
    text = f"finalists trained {plural(times, 'more time')}, mean on {split}: {', '.join(figures)}"
    if len(equal) < 2:
        return text
    named = ", ".join(str(finalist.number) for finalist in sorted(equal, key=lambda f: f.number))
    taken = f"the cheapest of them, {equal[0].number}, is taken"
    return f"{text}; trials {named} cannot be distinguished, so {taken}"


def _by_loss(ordered: Sequence[Finalist], equal: Sequence[Finalist], rewards: RewardConfig) -> str:
    """Of a finalist that is first because of its loss: what was compared."""
    first, *others = ordered
    if len(equal) > 1 or all(f.mean_reward(rewards) < first.mean_reward(rewards) for f in others):
        return ""
    return f"; of those that this does not distinguish, trial {first.number} has the lowest validation loss"


def _baseline(finalist: Finalist) -> str:
    return " (baseline)" if finalist.record.trial.origin == "baseline" else ""


def _seed_error(finalists: Sequence[Finalist]) -> float:
    """Standard deviation of a quality between seeds, pooled over the finalists; 0 with one seed."""
    freedom = sum(len(f.qualities) - 1 for f in finalists)
    squares = sum((q - f.mean) ** 2 for f in finalists for q in f.qualities)
    return math.sqrt(squares / freedom) if freedom else 0.0


def _error_of_difference(finalists: Sequence[Finalist], best: Finalist, validation: Held | None) -> float:
    """Standard error of the difference of two finalists.

    One round does not show the spread between rounds, so the sampling of the split stands for it.
    """
    rounds = len(best.qualities)
    if rounds == 1 and validation is not None:
        return math.sqrt(2.0 * _sampling_variance(best.mean, validation.samples))
    grouped = validation is not None and validation.grouped
    error = _within_rounds([f.qualities for f in finalists]) if grouped else _seed_error(finalists)
    return error * math.sqrt(2 / rounds)


def _sampling_variance(share: float, samples: int) -> float:
    """Of a share of ``samples``, with one more success and one more failure: 100 % has an error, too."""
    likely = (share * samples + 1.0) / (samples + 2.0)
    return likely * (1.0 - likely) / samples


def _within_rounds(figures: Sequence[Sequence[float]]) -> float:
    """Standard deviation of a figure (finalist, round) after the means of its finalist and of its round; 0
    with one round.
    """
    table = np.array(figures)
    freedom = (table.shape[0] - 1) * (table.shape[1] - 1)
    rest = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0, keepdims=True) + table.mean()
    return math.sqrt(float((rest**2).sum()) / freedom) if freedom else 0.0


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
        if not termination.admits_s(_round_s(records)):
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
    for record in records:
        trial = record.trial
        executor.submit(TrialTask(trial.number, trial.arch, trial.key, repeat=repeat))
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
