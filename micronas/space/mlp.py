"""``MlpSpace``: dense layers for tabular sensors and short windows; the genotype is the list of widths.

Every layer normalises and clamps; the input is flattened, so any data shape will do. A width matters
always and layers are in order, so genes and networks are one to one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from micronas.errors import SpaceError, plural
from micronas.model.graph import Activation
from micronas.model.net import Dense, Flatten, Net, NetBuilder, SoftmaxLayer
from micronas.space.base import file_bytes, hash_json
from micronas.space.single_mutation import distinct, one_step
from micronas.space.widths import near_widths, nearest_width
from micronas.trial import Json

Move: TypeAlias = Callable[[tuple[int, ...]], Iterator[tuple[int, ...]]]


@dataclass(frozen=True)
class MlpArch:
    """Widths of the hidden layers, first to last."""

    hidden: tuple[int, ...]


@dataclass(frozen=True)
class MlpLimits:
    """How many hidden layers, and how wide."""

    min_layers: int = 1
    max_layers: int = 4
    min_width: int = 4
    max_width: int = 128

    @property
    def widths(self) -> tuple[int, ...]:
        """Multiples of 4: int8 kernels take four channels at a time."""
        return tuple(range(self.min_width, self.max_width + 1, 4))


class MlpSpace:
    """See ``micronas.space.Space`` for the verbs."""

    def __init__(self, input_shape: tuple[int, ...], n_classes: int, limits: MlpLimits) -> None:
        if len(input_shape) not in (1, 3) or min(input_shape) < 1 or n_classes < 2:
            raise SpaceError(
                f"the mlp space needs inputs (features,) or (height, width, channels) and 2 or more classes, "
                f"not {input_shape} and {n_classes}"
            )
        self.input_shape, self.n_classes, self.limits = input_shape, n_classes, limits

    def sample(self, rng: np.random.Generator) -> MlpArch:
        """Depth evenly, widths evenly in the logarithm."""
        depth = int(rng.integers(self.limits.min_layers, self.limits.max_layers + 1))
        low, high = math.log(self.limits.min_width), math.log(self.limits.max_width)
        widths = np.exp(rng.uniform(low, high, depth))
        return MlpArch(tuple(nearest_width(float(w), self.limits.widths) for w in widths))

    def mutate(self, arch: MlpArch, rng: np.random.Generator) -> MlpArch:
        """Another width, a layer more or a layer less."""
        return one_step((self._reached(move, arch) for move in self._moves()), arch, _same, _same, rng)

    def crossover(self, a: MlpArch, b: MlpArch, rng: np.random.Generator) -> MlpArch:
        """First layers of ``a``, last layers of ``b``."""
        cuts = [
            (i, j)
            for i in range(len(a.hidden) + 1)
            for j in range(len(b.hidden) + 1)
            if self.limits.min_layers <= i + len(b.hidden) - j <= self.limits.max_layers
        ]
        i, j = cuts[rng.integers(len(cuts))]
        return MlpArch((*a.hidden[:i], *b.hidden[j:]))

    def neighbours(self, arch: MlpArch) -> tuple[MlpArch, ...]:
        """All that ``mutate`` can return, in a fixed order."""
        reached = (n for move in self._moves() for n in self._reached(move, arch))
        return tuple(distinct(reached, arch, _same, _same))

    def net(self, arch: MlpArch) -> Net:
        """The network of ``arch``."""
        self.check(arch)
        builder = NetBuilder(self.input_shape)
        if len(self.input_shape) == 3:
            builder.add(Flatten())
        for width in arch.hidden:
            builder.add(Dense(width, Activation.RELU, batch_norm=True))
        return builder.chain(Dense(self.n_classes), SoftmaxLayer()).build()

    def baselines(self) -> tuple[MlpArch, ...]:
        """Two layers, the second half as wide, at every allowed width; largest file first."""
        depth = min(max(2, self.limits.min_layers), self.limits.max_layers)
        archs = dict.fromkeys(
            MlpArch(tuple(nearest_width(width / 2**i, self.limits.widths) for i in range(depth)))
            for width in self.limits.widths
        )
        return tuple(sorted(archs, key=lambda arch: file_bytes(self.net(arch)), reverse=True))

    def to_json(self, arch: MlpArch) -> Json:
        """``{"hidden": [widths]}``."""
        return {"hidden": list(arch.hidden)}

    def from_json(self, data: Json) -> MlpArch:
        """Raises ``SpaceError`` naming the layer."""
        if not isinstance(data, dict) or data.keys() != {"hidden"} or not isinstance(data["hidden"], list):
            raise SpaceError(f'architecture: {{"hidden": [widths]}} is needed, not {data!r}')
        arch = MlpArch(tuple(data["hidden"]))  # type: ignore[arg-type]
        self.check(arch)
        return arch

    def key(self, arch: MlpArch) -> str:
        """Hash of the widths."""
        return hash_json(self.to_json(arch))

    def check(self, arch: MlpArch) -> None:
        """Raises ``SpaceError`` for widths or depths outside the limits."""
        limits = self.limits
        if not limits.min_layers <= len(arch.hidden) <= limits.max_layers:
            raise SpaceError(
                f"hidden: {plural(len(arch.hidden), 'layer')}, "
                f"the space has {limits.min_layers} to {limits.max_layers}"
            )
        for i, width in enumerate(arch.hidden):
            # The type is compared too: to Python, 8.0 is 8.
            if type(width) is not int or width not in limits.widths:
                raise SpaceError(f"hidden[{i}]: {width!r} is no multiple of 4 in the space's range")

    def _moves(self) -> tuple[Move, ...]:
        return self._other_widths, self._one_more, self._one_less

    def _reached(self, move: Move, arch: MlpArch) -> Iterator[MlpArch]:
        return (MlpArch(hidden) for hidden in move(arch.hidden))

    def _other_widths(self, hidden: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        for i, width in enumerate(hidden):
            for other in near_widths(width, self.limits.widths):
                yield (*hidden[:i], other, *hidden[i + 1 :])

    def _one_more(self, hidden: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        if len(hidden) < self.limits.max_layers:
            for i in range(len(hidden) + 1):
                width = hidden[max(i - 1, 0)] if hidden else self.limits.min_width
                yield (*hidden[:i], width, *hidden[i:])

    def _one_less(self, hidden: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        if len(hidden) > self.limits.min_layers:
            for i in range(len(hidden)):
                yield (*hidden[:i], *hidden[i + 1 :])


def _same(arch: MlpArch) -> MlpArch:
    """Genes are canonical and identify the network."""
    return arch
