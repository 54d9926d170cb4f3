"""Layout of the weighted layers' arrays in one flat vector of parameters.

A *group* holds the alternative layers of one choice, so that a choice needs one piece of the vector.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from micronas.train.weights import Array

Vector: TypeAlias = Any
"""A flat float32 tensor, or a NumPy array."""


@dataclass(frozen=True)
class BankLayer:
    """A kernel in TensorFlow's layout, then scale and offset of a normalisation, or else a bias."""

    shape: tuple[int, ...]
    channels: int
    batch_norm: bool = True

    @property
    def kernel_size(self) -> int:
        """Number of values of the kernel."""
        return int(np.prod(self.shape))

    @property
    def size(self) -> int:
        """Total number of values."""
        return self.kernel_size + self.channels * (2 if self.batch_norm else 1)

    @property
    def is_depthwise(self) -> bool:
        """Whether each filter has one input channel."""
        return len(self.shape) == 4 and self.shape[-1] == 1 != self.channels

    def arrays(self, vector: Vector) -> tuple[Vector, ...]:
        """Kernel, and scale and offset or bias, from this layer's piece of a vector."""
        kernel = vector[: self.kernel_size]
        rest = vector[self.kernel_size : self.size]
        vectors = (rest[: self.channels], rest[self.channels :]) if self.batch_norm else (rest,)
        return (kernel, *vectors)

    def initial(self, rng: np.random.Generator) -> Array:
        """He-normal kernel (He et al. 2015) and identity normalisation; zeros in a layer without one.

        Such a layer gives the outputs: with zeros, all networks start with the same outputs, regardless of
        their scale.
        """
        if not self.batch_norm:
            return np.zeros(self.size, np.float32)
        fan_in = np.prod(self.shape[:2]) if self.is_depthwise else np.prod(self.shape[:-1])
        kernel = rng.standard_normal(self.kernel_size) * np.sqrt(2.0 / fan_in)
        vectors = np.ones(self.channels), np.zeros(self.channels)
        joined: Array = np.concatenate([kernel, *vectors]).astype(np.float32)
        return joined


@dataclass(frozen=True)
class Group:
    """Layers by name, in the order of the vector."""

    layers: Mapping[str, BankLayer]

    @cached_property
    def size(self) -> int:
        """Number of values of all layers."""
        return sum(layer.size for layer in self.layers.values())

    def arrays(self, vector: Vector, name: str) -> tuple[Vector, ...]:
        """The arrays of one layer from this group's piece of the vector."""
        names = list(self.layers)
        start = sum(self.layers[n].size for n in names[: names.index(name)])
        layer = self.layers[name]
        return layer.arrays(vector[start : start + layer.size])


class WeightBank:
    """Groups by name, in the order of the vector."""

    def __init__(self, groups: Mapping[str, Group]) -> None:
        self.groups = dict(groups)
        self.sizes: Sequence[int] = [group.size for group in self.groups.values()]

    def initial(self, seed: int) -> Array:
        """Initial values, a function of ``seed``."""
        rng = np.random.default_rng([seed, 4])
        return np.concatenate([layer.initial(rng) for layer in self._layers()])

    def is_kernel(self) -> Array:
        """1.0 where weight decay applies."""
        parts = [
            np.repeat(np.array([1.0, 0.0], np.float32), [layer.kernel_size, layer.size - layer.kernel_size])
            for layer in self._layers()
        ]
        return np.concatenate(parts)

    def split(self, vector: Array) -> dict[str, Array]:
        """A NumPy vector's pieces by group."""
        pieces = np.split(vector, np.cumsum(self.sizes)[:-1])
        return dict(zip(self.groups, pieces, strict=True))

    def _layers(self) -> list[BankLayer]:
        return [layer for group in self.groups.values() for layer in group.layers.values()]
