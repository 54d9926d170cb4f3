"""What genes choose, with genes that are whole numbers or a tensor.

Whole numbers choose while the network is traced, and leave no trace of what was not chosen. A tensor chooses
while it runs, so that one trace serves every network.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import tensorflow as tf

Tensor: TypeAlias = Any
Whole: TypeAlias = Any
"""A whole number: an int, or an int32 scalar."""

Flag: TypeAlias = Any
"""A bool, or a bool scalar."""


def option(options: Sequence[int], gene: Whole) -> Whole:
    """The option that ``gene`` stands for."""
    if len(options) == 1:
        return options[0]
    return tf.gather(options, gene) if tf.is_tensor(gene) else options[gene]


def either(condition: Flag, then: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
    """What one of the two computes; the other computes nothing. Both give tensors of equal rank."""
    if not tf.is_tensor(condition):
        return then() if condition else otherwise()
    return tf.cond(condition, then, otherwise)


def channels_of(x: Tensor) -> Whole:
    """Channels of ``x`` (batch, ..., channels), an int where they are known while tracing."""
    known = x.shape[-1]
    return tf.shape(x)[-1] if known is None else int(known)
