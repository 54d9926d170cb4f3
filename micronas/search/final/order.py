"""The order of the finalists by their further trainings, and which of them cannot be distinguished.

Rounds that hold out other groups differ by how hard these are, which does not concern the networks, so only
differences within a round count.

On an easy split many networks answer nearly everything. Those that accuracy cannot distinguish are compared
by their loss, which also says how sure the answers are; those that neither distinguishes, by their cost.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean

import numpy as np

from micronas.config import RewardConfig
from micronas.store import Record
from micronas.strategy.reward import reward

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


def seed_error(finalists: Sequence[Finalist]) -> float:
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
    error = _within_rounds([f.qualities for f in finalists]) if grouped else seed_error(finalists)
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
