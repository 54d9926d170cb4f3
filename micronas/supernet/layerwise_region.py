"""The region inside one layer-wise architecture."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property

from micronas.errors import SpaceError
from micronas.space.layerwise import Block, BlockKind, Head, LayerwiseArch, LayerwiseSpace, Stem
from micronas.supernet.block_region import GENES_PER_BLOCK, BlockOptions, BlockRegion
from micronas.supernet.region import Genes, shared_widths


def plain(arch: LayerwiseArch) -> LayerwiseArch:
    """``arch`` with defaults for all genes that are fixed within the region."""
    stem = Stem(arch.stem.kernel, arch.stem.stride, arch.stem.width)
    blocks = tuple(Block(b.kind, b.kernel, b.stride, b.width, b.expansion) for b in arch.blocks)
    return LayerwiseArch(stem, blocks)


def _parts(arch: LayerwiseArch) -> tuple[Stem | Block | Head, ...]:
    return arch.stem, *arch.blocks, arch.head


def _differs(name: str, a: object, b: object) -> bool:
    return bool(getattr(a, name) != getattr(b, name))


@dataclass(frozen=True)
class LayerwiseRegion(BlockRegion):
    """All networks inside ``largest``, an architecture of ``space``."""

    space: LayerwiseSpace
    largest: LayerwiseArch

    def __post_init__(self) -> None:
        own, kept = _parts(self.largest), _parts(plain(self.largest))
        names = [f.name for a, b in zip(own, kept, strict=True) for f in fields(a) if _differs(f.name, a, b)]
        if names:
            raise SpaceError(
                f"a supernet cannot share weights with the genes {', '.join(dict.fromkeys(names))}",
                remedy="choose one of space.baselines()",
            )

    @property
    def min_blocks(self) -> int:
        """See ``BlockRegion``."""
        return self.space.limits.min_blocks

    @cached_property
    def stem_widths(self) -> tuple[int, ...]:
        """See ``BlockRegion``."""
        return shared_widths(self.largest.stem.width, self.space.limits.widths)

    @cached_property
    def blocks(self) -> tuple[BlockOptions, ...]:
        """See ``BlockRegion``; blocks that keep plane and largest width may be skipped."""
        limits = self.space.limits
        found, reads = [], self.largest.stem.width
        for block in self.largest.blocks:
            expansions: tuple[int, ...] = (1,)
            if block.kind is BlockKind.INVERTED:
                expansions = tuple(e for e in sorted(limits.expansions) if e <= block.expansion)
            found.append(
                BlockOptions(
                    block.kind,
                    shared_widths(block.width, limits.widths),
                    tuple(k for k in sorted(limits.kernels) if k <= block.kernel),
                    expansions,
                    (0, 1) if block.stride == 1 and reads == block.width else (1,),
                )
            )
            reads = block.width
        return tuple(found)

    def arch(self, genes: Genes) -> LayerwiseArch:
        """See ``BlockRegion``."""
        blocks = []
        for i, (block, options) in enumerate(zip(self.largest.blocks, self.blocks, strict=True)):
            w, k, e, kept = genes[1 + GENES_PER_BLOCK * i : 1 + GENES_PER_BLOCK * (i + 1)]
            if options.kept[kept]:
                sized = replace(block, width=options.widths[w], kernel=options.kernels[k])
                blocks.append(replace(sized, expansion=options.expansions[e]))
        stem = replace(self.largest.stem, width=self.stem_widths[genes[0]])
        return LayerwiseArch(stem, tuple(blocks))
