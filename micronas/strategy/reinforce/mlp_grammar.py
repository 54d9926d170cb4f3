"""The mlp space as tokens: a width per hidden layer, then the end."""

from __future__ import annotations

from collections.abc import Iterator

from micronas.space.mlp import MlpArch, MlpSpace
from micronas.strategy.reinforce.grammar import Choose


class MlpGrammar:
    """The grammar of an ``MlpSpace``: one slot per layer, whose last choice ends the network."""

    def __init__(self, space: MlpSpace) -> None:
        self._limits, self._widths = space.limits, space.limits.widths

    @property
    def slots(self) -> tuple[int, ...]:
        """See ``Tokens``."""
        return (len(self._widths) + 1,) * self._limits.max_layers

    def emit(self, choose: Choose) -> MlpArch:
        """See ``Tokens``; the end is valid from ``min_layers`` on."""
        hidden: list[int] = []
        for layer in range(self._limits.max_layers):
            may_end = layer >= self._limits.min_layers
            index = choose(layer, (*(True for _ in self._widths), may_end))
            if index == len(self._widths):
                break
            hidden.append(self._widths[index])
        return MlpArch(tuple(hidden))

    def indices(self, arch: MlpArch) -> Iterator[int]:
        """See ``Tokens``."""
        yield from (self._widths.index(width) for width in arch.hidden)
        if len(arch.hidden) < self._limits.max_layers:
            yield len(self._widths)
