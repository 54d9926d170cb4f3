"""NSGA-II (Deb, Pratap, Agarwal and Meyarivan, IEEE TEC 2002) over accuracy, latency, flash and SRAM.

Steady state: every ask creates one child from the population of observed trials, so workers never wait for a
generation. The population is the best ``population`` trials by constrained domination: COMPLETE ones by
non-domination rank and crowding distance; INFEASIBLE and FAILED ones never enter.

With four objectives and a dozen networks, nearly all are non-dominated, and children, one step from their
parents, cluster: the first child that fits is no better in hypervolume than a random network. However, flash
and SRAM of a child are known before training. With a guide, the child is tried that promises the largest gain
of hypervolume by a predictor of its error. Without one, of ``CANDIDATES_PER_CHILD`` children that fit, the
most novel is tried: the one whose bytes have the largest ratio to those of every member.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from micronas.space import Arch, Space
from micronas.strategy.base import MAX_TRIES, OFFSPRING, Accept, Guide, accepted, first_accepted, generator
from micronas.strategy.observation import Figures, Observation
from micronas.strategy.pareto import sort_fronts
from micronas.strategy.sized import Draw
from micronas.trial import Outcome

CROSSOVER_SHARE = 0.9
CANDIDATES_PER_CHILD = 4

Bytes: TypeAlias = tuple[int, int]
"""Flash, SRAM."""


@dataclass(frozen=True)
class _RankedMember:
    arch: Arch
    costs: tuple[float, ...]


@dataclass(frozen=True)
class _Ranked:
    member: _RankedMember
    front: int
    crowding: float


class Nsga2:
    """Non-dominated sorting with crowding; see the module."""

    def __init__(
        self,
        space: Space,
        seed: int,
        accept: Accept,
        *,
        population: int,
        bytes_of: Callable[[Arch], Bytes] | None = None,
        draw: Draw | None = None,
        guide: Guide | None = None,
    ) -> None:
        """``guide`` chooses one of ``OFFSPRING`` children. Without one, ``bytes_of`` returns the exact bytes
        of a child, and the most novel one is tried; without both, the first child that fits.
        """
        self._guide = guide
        self._space, self._seed, self._accept, self._size = space, seed, accept, population
        self._bytes_of = bytes_of
        self._draw = draw or space.sample
        self._members: list[_RankedMember] = []

    def ask(self, number: int) -> Arch:
        """A random network until the population is full, then a child of two tournament winners."""
        rng = generator(self._seed, number)
        if number < self._size or len(self._members) < 2:
            return first_accepted((self._draw(rng) for _ in itertools.count()), self._accept)
        ranked = survivors(self._members, self._size)
        children = (self._child(ranked, rng) for _ in itertools.count())
        if self._guide is not None:
            return self._guide.best_of(accepted(children, self._accept, OFFSPRING))
        if self._bytes_of is None:
            return first_accepted(children, self._accept)
        return self._most_novel(children, ranked, self._bytes_of)

    def tell(self, trial: Observation) -> None:
        """A COMPLETE trial may enter the population; the worst members beyond its size are dropped."""
        if self._guide is not None:
            self._guide.tell(trial)
        if trial.outcome is Outcome.COMPLETE and trial.scores is not None:
            member = _RankedMember(self._space.from_json(trial.arch), costs_of(trial.scores))
            self._members = [r.member for r in survivors([*self._members, member], self._size)]

    def _most_novel(
        self, children: Iterable[Arch], ranked: Sequence[_Ranked], bytes_of: Callable[[Arch], Bytes]
    ) -> Arch:
        """The accepted child furthest from all members, of the first ``CANDIDATES_PER_CHILD``."""
        candidates: list[Arch] = []
        last: Arch | None = None
        for last in itertools.islice(children, MAX_TRIES):
            if last not in candidates and self._accept(last):
                candidates.append(last)
            if len(candidates) == CANDIDATES_PER_CHILD:
                break
        if last is None:
            raise ValueError("no child to choose from")
        if not candidates:
            return last
        members = np.array([r.member.costs[-2:] for r in ranked])
        return candidates[
            int(np.argmax(novelty(np.array([bytes_of(c) for c in candidates], np.float64), members)))
        ]

    def _child(self, ranked: Sequence[_Ranked], rng: np.random.Generator) -> Arch:
        mother, father = _tournament(ranked, rng), _tournament(ranked, rng)
        if rng.random() < CROSSOVER_SHARE:
            child = self._space.crossover(mother.arch, father.arch, rng)
            # A crossover that returns a parent would be a repeated trial, so one gene is mutated.
            if child not in (mother.arch, father.arch) and rng.random() < 0.5:
                return child
            return self._space.mutate(child, rng)
        return self._space.mutate(mother.arch, rng)


def costs_of(scores: Figures) -> tuple[float, ...]:
    """The minimised objectives: error, latency (0 if nothing ran), flash and SRAM bytes."""
    latency_ms = scores.latency.ms if scores.latency else 0.0
    return (1.0 - scores.quality, latency_ms, float(scores.flash_bytes), float(scores.sram_bytes))


def survivors(members: Sequence[_RankedMember], count: int) -> list[_Ranked]:
    """The best ``count``: complete fronts first, then the least crowded members of the next one."""
    costs = np.array([member.costs for member in members])
    ranked: list[_Ranked] = []
    for number, front in enumerate(sort_fronts(costs)):
        crowding = crowding_distance(costs[front])
        order = sorted(range(len(front)), key=lambda i: (-crowding[i], front[i]))
        ranked += [_Ranked(members[front[i]], number, float(crowding[i])) for i in order]
        if len(ranked) >= count:
            break
    return ranked[:count]


def crowding_distance(costs: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Crowding distance of each point of a front: the sides of the box to its neighbours, infinite at the
    ends.
    """
    distance = np.zeros(len(costs))
    for column in costs.T:
        order = np.argsort(column, kind="stable")
        span = column[order[-1]] - column[order[0]]
        if span <= 0.0:
            continue  # an objective in which all are equal does not distinguish any
        distance[order[[0, -1]]] = np.inf
        distance[order[1:-1]] += (column[order[2:]] - column[order[:-2]]) / span
    return distance


def novelty(sizes: npt.NDArray[np.float64], members: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Distance of each of ``sizes`` (networks, flash and SRAM bytes) from the nearest of ``members``.

    The distance is the logarithm of the larger of the two ratios: 1 KB against 2 is as far as 10 against 20.
    """
    apart = np.abs(np.log(sizes)[:, None, :] - np.log(members)[None, :, :])
    return np.asarray(apart.max(axis=2).min(axis=1), np.float64)


def _tournament(ranked: Sequence[_Ranked], rng: np.random.Generator) -> _RankedMember:
    """The better of two by front, then by crowding."""
    first, second = (ranked[int(i)] for i in rng.choice(len(ranked), size=2, replace=False))
    return min(first, second, key=lambda r: (r.front, -r.crowding)).member
