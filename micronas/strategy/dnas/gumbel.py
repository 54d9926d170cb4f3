"""Gumbel-softmax: differentiable samples of categorical choices (Jang et al. 2017; Maddison et al. 2017)."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import tensorflow as tf

Tensor: TypeAlias = Any


def gumbel_softmax(logits: Tensor, sizes: tuple[int, ...], temperature: Tensor, seed: Tensor) -> list[Tensor]:
    """One relaxed one-hot vector per decision.

    ``logits`` (sum(sizes),) holds the decisions consecutively; ``seed`` is int32 (2,). The argmax of
    each vector is distributed as softmax(logits), at any temperature; the lower the temperature, the closer
    the vector is to one-hot.
    """
    uniform = tf.random.stateless_uniform(logits.shape, seed, minval=1e-7, maxval=1.0)
    noise = -tf.math.log(-tf.math.log(uniform))
    return split_softmax((logits + noise) / temperature, sizes)


def straight_through(vectors: list[Tensor]) -> list[Tensor]:
    """The one-hot vectors nearest to ``vectors``, with the gradient of these (Jang et al. 2017)."""
    return [tf.one_hot(tf.argmax(v), v.shape[0]) + v - tf.stop_gradient(v) for v in vectors]


def split_softmax(logits: Tensor, sizes: tuple[int, ...]) -> list[Tensor]:
    """softmax of each decision's part of ``logits``."""
    return [tf.nn.softmax(part) for part in tf.split(logits, sizes)]


def temperatures(first: float, last: float, steps: int) -> npt.NDArray[np.float32]:
    """Geometric annealing, one temperature per step."""
    return np.geomspace(first, last, max(steps, 1)).astype(np.float32)[:steps]
