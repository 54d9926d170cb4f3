"""The layer-wise space: stem, blocks of three kinds, global pool, dense."""

from micronas.space.layerwise.arch import Block, BlockKind, Head, LayerwiseArch, Limits, Stem
from micronas.space.layerwise.space import LayerwiseSpace

__all__ = ["Block", "BlockKind", "Head", "LayerwiseArch", "LayerwiseSpace", "Limits", "Stem"]
