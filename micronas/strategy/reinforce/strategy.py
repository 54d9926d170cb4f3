"""REINFORCE (Williams 1992) as in the first neural architecture search (Zoph and Le, ICLR 2017).

The controller samples an architecture; its reward, less a moving baseline and in units of the rewards' own
spread, pushes the probabilities of its tokens up or down; an entropy bonus keeps the controller undecided for
a while. Architectures over budget are sampled again, so they cost no trial and teach nothing.

Credit goes to the tokens that were sampled, not to those of the architecture's canonical form: many sequences
write the same network, and only the sampled one is the action that was taken. They are not stored. An ask
depends on its number and on the controller of that time, so ``tell`` draws them again, which also makes a
resumed run learn exactly what the uninterrupted one did.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from micronas.space import Arch, Space
from micronas.space.grammar import Grammar, Token
from micronas.strategy.base import MAX_TRIES, Accept, first_accepted, generator
from micronas.strategy.observation import Observation
from micronas.strategy.reinforce.controller import Controller
from micronas.trial import Outcome

LEARNING_RATE = 0.02
ENTROPY_WEIGHT = 0.05
BASELINE_DECAY = 0.9


@dataclass(frozen=True)
class _Sample:
    """A network as it was written; ``uniform_share`` of the distribution of each token was uniform."""

    arch: Arch
    tokens: tuple[Token, ...]
    uniform_share: float


class Reinforce:
    """Policy gradient over token sequences; see the module."""

    def __init__(
        self, space: Space, seed: int, accept: Accept, tokens: Grammar | None = None, *, workers: int = 1
    ) -> None:
        """``tokens`` replaces the space's own grammar. Ask n comes when the trials below n - ``workers`` + 1
        have been reported.
        """
        tokens = tokens or space.grammar()
        self._space, self._seed, self._accept, self._tokens = space, seed, accept, tokens
        # Far from any trial's number, so that no ask shares random numbers with the start.
        self._controller = Controller(tokens.slots, np.random.default_rng([seed, 2**31]))
        self._ascent = Adam(self._controller.parameters.arrays(), LEARNING_RATE)
        self._at_ask = deque([self._controller.copy()], maxlen=workers)
        """The controllers of the next ``workers`` asks whose results are reported, the oldest first."""
        self._baseline: float | None = None
        self._spread = 0.0

    def ask(self, number: int) -> Arch:
        """A sample of the controller, ever more at random while all it writes is known or over budget."""
        rng = generator(self._seed, number)
        return first_accepted((s.arch for s in self._samples(self._controller, rng)), self._accept)

    def tell(self, trial: Observation) -> None:
        """One step along the gradient for a COMPLETE trial that the controller proposed."""
        self._learn(trial)
        self._at_ask.append(self._controller.copy())

    def _learn(self, trial: Observation) -> None:
        if trial.outcome is not Outcome.COMPLETE or trial.scores is None or trial.origin == "baseline":
            return
        taken = self._drawn_again(trial)
        if taken is None:
            return
        advantage = self._advantage(trial.scores.reward)
        gradient = self._controller.gradient(taken.tokens, advantage, ENTROPY_WEIGHT, taken.uniform_share)
        self._ascent.step(gradient)

    def _drawn_again(self, trial: Observation) -> _Sample | None:
        """The sample that became ``trial``; None for a network that this controller did not write."""
        rng = generator(self._seed, trial.number)
        samples = itertools.islice(self._samples(self._at_ask[0], rng), MAX_TRIES)
        return next((s for s in samples if self._space.key(s.arch) == trial.key), None)

    def _samples(self, controller: Controller, rng: np.random.Generator) -> Iterator[_Sample]:
        """Samples of ``controller``, increasingly uniform in case all it writes is known or over budget."""
        return (self._sample(controller, rng, min(1.0, count / MAX_TRIES)) for count in itertools.count())

    def _sample(self, controller: Controller, rng: np.random.Generator, uniform_share: float) -> _Sample:
        state = controller.begin()
        tokens: list[Token] = []

        def choose(slot: int, valid: tuple[bool, ...]) -> int:
            nonlocal state
            hidden = controller.step(state)
            chances = controller.probabilities(hidden, slot, valid)
            even = np.array(valid) / sum(valid)
            chances = (1.0 - uniform_share) * chances + uniform_share * even
            index = int(rng.choice(len(chances), p=chances))
            state = hidden, controller.row(slot, index)
            tokens.append(Token(slot, valid, index))
            return index

        arch = self._tokens.emit(choose)
        return _Sample(arch, tuple(tokens), uniform_share)

    def _advantage(self, reward: float) -> float:
        """Distance from the moving baseline in moving standard deviations; 0 for the first reward."""
        if self._baseline is None:
            self._baseline = reward
        distance = reward - self._baseline
        self._baseline += (1.0 - BASELINE_DECAY) * distance
        self._spread = BASELINE_DECAY * self._spread + (1.0 - BASELINE_DECAY) * distance**2
        return distance / max(float(np.sqrt(self._spread)), 1e-6)


class Adam:
    """Ascent by Adam (Kingma and Ba 2015), changing ``arrays`` in place."""

    def __init__(self, arrays: list[np.ndarray[tuple[int, ...], np.dtype[np.float64]]], rate: float) -> None:
        self._arrays, self._rate, self._steps = arrays, rate, 0
        self._mean = [np.zeros_like(a) for a in arrays]
        self._square = [np.zeros_like(a) for a in arrays]

    def step(self, gradients: list[np.ndarray[tuple[int, ...], np.dtype[np.float64]]]) -> None:
        """One step upwards."""
        self._steps += 1
        fix_mean, fix_square = 1.0 - 0.9**self._steps, 1.0 - 0.999**self._steps
        for array, mean, square, gradient in zip(
            self._arrays, self._mean, self._square, gradients, strict=True
        ):
            mean += 0.1 * (gradient - mean)
            square += 0.001 * (gradient**2 - square)
            array += self._rate * (mean / fix_mean) / (np.sqrt(square / fix_square) + 1e-8)
