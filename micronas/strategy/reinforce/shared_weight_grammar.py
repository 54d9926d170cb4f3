"""A supernet's region as tokens: one per free gene."""

from __future__ import annotations

from collections.abc import Iterator

from micronas.strategy.reinforce.grammar import Choose
from micronas.supernet.region import Genes, SharedWeightSpace


class SharedWeightGrammar:
    """The grammar of a ``SharedWeightSpace``; genes with one option need no choice."""

    def __init__(self, region: SharedWeightSpace) -> None:
        self._region = region
        self._free = tuple(i for i, size in enumerate(region.sizes) if size > 1)

    @property
    def slots(self) -> tuple[int, ...]:
        """See ``Tokens``."""
        return tuple(self._region.sizes[i] for i in self._free)

    def emit(self, choose: Choose) -> Genes:
        """See ``Tokens``; brought into the region."""
        genes = [0] * len(self._region.sizes)
        for slot, i in enumerate(self._free):
            genes[i] = choose(slot, (True,) * self._region.sizes[i])
        return self._region.repaired(tuple(genes))

    def indices(self, arch: Genes) -> Iterator[int]:
        """See ``Tokens``."""
        return (arch[i] for i in self._free)
