"""The controller: a small recurrent network over tokens, with its gradient worked out by hand.

h_t = tanh(E[token_{t-1}] + W h_{t-1} + b),  logits_t = O[slot_t] h_t + c[slot_t], masked to valid choices.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from micronas.space.grammar import Token

Vector = npt.NDArray[np.float64]
HIDDEN = 24


@dataclass
class Parameters:
    """All weights; ``embedding`` has one row per token and one for the start."""

    embedding: Vector
    recurrent: Vector
    bias: Vector
    output: Vector
    output_bias: Vector

    def arrays(self) -> list[Vector]:
        """The arrays, in a fixed order, to be changed in place."""
        return [self.embedding, self.recurrent, self.bias, self.output, self.output_bias]


class Controller:
    """Choice probabilities from what was chosen so far."""

    def __init__(self, slots: Sequence[int], rng: np.random.Generator, hidden: int = HIDDEN) -> None:
        total = sum(slots)
        self._first = np.concatenate([[0], np.cumsum(slots)])
        self._start = total
        self.parameters = Parameters(
            embedding=0.1 * rng.standard_normal((total + 1, hidden)),
            recurrent=0.1 * rng.standard_normal((hidden, hidden)),
            bias=np.zeros(hidden),
            output=0.1 * rng.standard_normal((total, hidden)),
            output_bias=np.zeros(total),
        )

    def copy(self) -> Controller:
        """An independent one with equal parameters."""
        return copy.deepcopy(self)

    def begin(self) -> tuple[Vector, int]:
        """State before the first token: (hidden, row of the previous token)."""
        return np.zeros_like(self.parameters.bias), self._start

    def step(self, state: tuple[Vector, int]) -> Vector:
        """The next hidden vector."""
        hidden, row = state
        p = self.parameters
        return np.asarray(np.tanh(p.embedding[row] + p.recurrent @ hidden + p.bias))

    def probabilities(self, hidden: Vector, slot: int, valid: Sequence[bool]) -> Vector:
        """Of the slot's choices; exactly 0 for invalid ones."""
        part = slice(self._first[slot], self._first[slot + 1])
        logits = self.parameters.output[part] @ hidden + self.parameters.output_bias[part]
        logits = np.where(valid, logits, -np.inf)
        weights = np.exp(logits - logits.max())
        return np.asarray(weights / weights.sum())

    def row(self, slot: int, index: int) -> int:
        """The embedding's row of a token."""
        return int(self._first[slot]) + index

    def gradient(
        self,
        sequence: Sequence[Token],
        advantage: float,
        entropy_weight: float,
        uniform_share: float = 0.0,
    ) -> list[Vector]:
        """Of sum_t advantage x log q(token_t) + entropy_weight x H_t, ordered as ``Parameters.arrays``.

        q is the distribution that the tokens were drawn from: the controller's p, mixed with the uniform one
        over valid choices, which has the share ``uniform_share``. H is the entropy of p.
        """
        p = self.parameters
        grads = [np.zeros_like(array) for array in p.arrays()]
        d_embedding, d_recurrent, d_bias, d_output, d_output_bias = grads
        rows, hiddens = self._forward(sequence)
        d_next = np.zeros_like(p.bias)
        for t in reversed(range(len(sequence))):
            token, hidden = sequence[t], hiddens[t + 1]
            d_logits = self._d_logits(hidden, token, advantage, entropy_weight, uniform_share)
            part = slice(self._first[token.slot], self._first[token.slot + 1])
            d_output[part] += np.outer(d_logits, hidden)
            d_output_bias[part] += d_logits
            d_sum = (p.output[part].T @ d_logits + d_next) * (1.0 - hidden**2)
            d_embedding[rows[t]] += d_sum
            d_recurrent += np.outer(d_sum, hiddens[t])
            d_bias += d_sum
            d_next = p.recurrent.T @ d_sum
        return grads

    def _forward(self, sequence: Sequence[Token]) -> tuple[list[int], list[Vector]]:
        hidden, row = self.begin()
        rows, hiddens = [], [hidden]
        for token in sequence:
            rows.append(row)
            hiddens.append(self.step((hiddens[-1], row)))
            row = self.row(token.slot, token.index)
        return rows, hiddens

    def _d_logits(
        self, hidden: Vector, token: Token, advantage: float, entropy_weight: float, uniform_share: float
    ) -> Vector:
        chances = self.probabilities(hidden, token.slot, token.valid)
        taken = np.zeros_like(chances)
        taken[token.index] = 1.0
        logs = np.log(np.where(chances > 0.0, chances, 1.0))
        entropy = -float(chances @ logs)
        own = (1.0 - uniform_share) * chances[token.index]
        drawn = own + uniform_share / sum(token.valid)  # q of the token that was taken
        advantage = advantage * own / drawn if drawn > 0.0 else 0.0
        return np.asarray(advantage * (taken - chances) - entropy_weight * chances * (logs + entropy))
