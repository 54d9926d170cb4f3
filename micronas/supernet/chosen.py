"""Selection by genes, which are whole numbers or a tensor.

Whole numbers select during tracing, so the trace does not contain the other options. A tensor selects at run
time, so one trace serves every network.
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
    """The option selected by ``gene``."""
    if len(options) == 1:
        return options[0]
    return tf.gather(options, gene) if tf.is_tensor(gene) else options[gene]


def either(condition: Flag, then: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
    """The result of one of the two; the other is not computed. Both give tensors of equal rank."""
    if not tf.is_tensor(condition):
        return then() if condition else otherwise()
    return tf.cond(condition, then, otherwise)


def channels_of(x: Tensor) -> Whole:
    """Channels of ``x`` (batch, ..., channels), an int if known during tracing."""
    known = x.shape[-1]
    return tf.shape(x)[-1] if known is None else int(known)
