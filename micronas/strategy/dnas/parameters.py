"""Flat parameters in the order of a forward pass: initialised in the first pass, read in all later ones."""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import tensorflow as tf

Tensor: TypeAlias = Any
Array: TypeAlias = npt.NDArray[np.float32]


class ParameterSource(Protocol):
    """Provides the parameters of a layer; a forward pass always requests them in the same order."""

    def kernel(self, shape: tuple[int, ...], fan_in: int) -> Tensor:
        """Weights with decay, initially He-normal."""
        ...

    def vector(self, size: int, start: float) -> Tensor:
        """A bias, or a normalisation's scale or offset; initially all ``start``."""
        ...

    def magnitude(self) -> Tensor:
        """The running magnitude of one activation, initially 0."""
        ...

    def observed(self, magnitude: Tensor) -> None:
        """Set the magnitude after this batch; called once after each ``magnitude()``."""
        ...


class FreshParameters:
    """Draws initial values and records the requests."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self.values: list[Array] = []
        self.decayed: list[bool] = []
        self.magnitudes = 0

    def kernel(self, shape: tuple[int, ...], fan_in: int) -> Tensor:
        """See ``ParameterSource``."""
        drawn = self._rng.standard_normal(shape) * np.sqrt(2.0 / fan_in)
        return self._add(drawn.astype(np.float32), True)

    def vector(self, size: int, start: float) -> Tensor:
        """See ``ParameterSource``."""
        return self._add(np.full(size, start, np.float32), False)

    def magnitude(self) -> Tensor:
        """See ``ParameterSource``."""
        self.magnitudes += 1
        return tf.constant(0.0)

    def observed(self, magnitude: Tensor) -> None:
        """See ``ParameterSource``."""

    def _add(self, value: Array, decayed: bool) -> Tensor:
        self.values.append(value)
        self.decayed.append(decayed)
        return tf.constant(value)


class StoredParameters:
    """Splits two flat tensors by the requests of ``FreshParameters``; collects the new magnitudes."""

    def __init__(self, shapes: list[tuple[int, ...]], parameters: Tensor, magnitudes: Tensor) -> None:
        parts = tf.split(parameters, [int(np.prod(shape)) for shape in shapes])
        self._parts = iter([tf.reshape(p, s) for p, s in zip(parts, shapes, strict=True)])
        self._magnitudes = iter(tf.unstack(magnitudes))
        self._observed: list[Tensor] = []

    def kernel(self, shape: tuple[int, ...], fan_in: int) -> Tensor:
        """See ``ParameterSource``."""
        return next(self._parts)

    def vector(self, size: int, start: float) -> Tensor:
        """See ``ParameterSource``."""
        return next(self._parts)

    def magnitude(self) -> Tensor:
        """See ``ParameterSource``."""
        return next(self._magnitudes)

    def observed(self, magnitude: Tensor) -> None:
        """See ``ParameterSource``."""
        self._observed.append(magnitude)

    def new_magnitudes(self) -> Tensor:
        """All of them, float32 (n,)."""
        return tf.stack(self._observed)
