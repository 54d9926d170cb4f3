"""The layer-wise space: stem, blocks of three kinds, global pool, dense."""

from micronas.space.layerwise.arch import Block, BlockKind, LayerwiseArch, Limits, Stem
from micronas.space.layerwise.space import LayerwiseSpace

__all__ = ["Block", "BlockKind", "LayerwiseArch", "LayerwiseSpace", "Limits", "Stem"]
