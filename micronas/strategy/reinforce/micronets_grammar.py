"""The MicroNets space as tokens: the stem's width; per block whether it is kept, its width, its expansion."""

from __future__ import annotations

from collections.abc import Iterator

from micronas.space.micronets import MicronetsArch, MicronetsSpace, SlotGenes
from micronas.strategy.reinforce.grammar import Choose

_KEPT = (True, False)
_STEM, _PER_BLOCK = 1, 3


class MicronetsGrammar:
    """The grammar of a ``MicronetsSpace``; every block has slots of its own: kept, width, expansion."""

    def __init__(self, space: MicronetsSpace) -> None:
        self._space, self._limits, self._strides = space, space.limits, space.skeleton.strides
        self._widths, self._expansions = space.limits.widths, space.limits.allowed_expansions

    @property
    def slots(self) -> tuple[int, ...]:
        """See ``Tokens``."""
        per_block = (len(_KEPT), len(self._widths), len(self._expansions))
        return (len(self._widths), *per_block * len(self._strides))

    def emit(self, choose: Choose) -> MicronetsArch:
        """See ``Tokens``; a block may be left out where that is allowed and enough others can follow."""
        stem = self._widths[choose(0, (True,) * len(self._widths))]
        slots: list[SlotGenes] = []
        for block, stride in enumerate(self._strides):
            first = _STEM + _PER_BLOCK * block
            if stride == 1 and not _KEPT[choose(first, (True, self._may_skip(slots)))]:
                slots.append(SlotGenes(self._limits.min_width, kept=False))
                continue
            width = self._widths[choose(first + 1, (True,) * len(self._widths))]
            expansion = self._expansions[0]
            if len(self._expansions) > 1:
                expansion = self._expansions[choose(first + 2, (True,) * len(self._expansions))]
            slots.append(SlotGenes(width, expansion))
        smallest = min(self._expansions)
        absent = SlotGenes(self._limits.min_width, smallest, kept=False)
        return MicronetsArch(stem, tuple(genes if genes.kept else absent for genes in slots))

    def indices(self, arch: MicronetsArch) -> Iterator[int]:
        """See ``Tokens``."""
        yield self._widths.index(arch.stem)
        for genes, stride in zip(arch.slots, self._strides, strict=True):
            if stride == 1:
                yield _KEPT.index(genes.kept)
            if genes.kept:
                yield self._widths.index(genes.width)
                if len(self._expansions) > 1:
                    yield self._expansions.index(genes.expansion)

    def _may_skip(self, before: list[SlotGenes]) -> bool:
        """Whether the blocks behind the next one suffice for the least depth."""
        behind = len(self._strides) - len(before) - 1
        return sum(genes.kept for genes in before) + behind >= self._limits.min_blocks
