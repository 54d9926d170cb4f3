"""Supernets beside random search, until their networks show which of the two to follow.

A supernet can be wrong about a task, and costs a large part of a short budget. Trials therefore alternate
between its networks and random ones. Once ``SAMPLE`` of each are trained, the kind whose better half has the
higher mean reward goes on alone; no further supernet is trained for the other.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import fmean

from micronas.space import Arch
from micronas.strategy.base import Strategy
from micronas.strategy.observation import Observation

SAMPLE = 8
"""Trained networks of each kind that are compared."""


class Hedged:
    """``supernets`` and ``otherwise`` by turns, then the better one; see the module."""

    def __init__(
        self,
        name: str,
        supernets: Strategy,
        otherwise: Strategy,
        *,
        first_ask: int,
        workers: int,
        say: Callable[[str], object],
    ) -> None:
        """``say`` gets the reason if the supernets of strategy ``name`` give way."""
        self._name, self._say = name, say
        self._first_ask, self._workers = first_ask, workers
        self._kinds = (supernets, otherwise)
        self._rewards: tuple[list[float], list[float]] = ([], [])
        self._reported: list[Observation] = []
        self._better: Strategy | None = None

    def ask(self, number: int) -> Arch:
        """Of the better strategy once that is known, otherwise of the one whose turn it is.

        A resumed run has more trials reported before it asks; those not yet reported originally do not count.
        """
        while self._better is None and self._reported and self._reported[0].number <= number - self._workers:
            self._compare(self._reported.pop(0))
        return (self._better or self._kinds[self._turn(number)]).ask(number)

    def tell(self, trial: Observation) -> None:
        """Both learn from every trial."""
        for strategy in self._kinds:
            strategy.tell(trial)
        if self._better is None and trial.number >= self._first_ask:
            self._reported.append(trial)

    def _turn(self, number: int) -> int:
        return (number - self._first_ask) % 2

    def _compare(self, trial: Observation) -> None:
        """Decides with the trial that completes both samples."""
        if trial.scores is not None:
            self._rewards[self._turn(trial.number)].append(trial.scores.reward)
        if min(len(rewards) for rewards in self._rewards) < SAMPLE:
            return
        own, random = (_better_half(rewards[:SAMPLE]) for rewards in self._rewards)
        self._better = self._kinds[0] if own >= random else self._kinds[1]
        if own < random:
            self._say(
                f"{self._name}: of {SAMPLE} networks each, the better half of its supernet has a mean reward "
                f"of {own:.3f}, and that of random networks {random:.3f}; the remaining trials are random"
            )


def _better_half(rewards: list[float]) -> float:
    return fmean(sorted(rewards)[len(rewards) // 2 :])
