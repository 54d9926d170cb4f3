"""The layer-wise space: stem, blocks of three kinds, pooling, dense."""

from micronas.space.layerwise.arch import Block, BlockKind, Head, HeadPooling, LayerwiseArch, Limits, Stem
from micronas.space.layerwise.space import LayerwiseSpace

__all__ = ["Block", "BlockKind", "Head", "HeadPooling", "LayerwiseArch", "LayerwiseSpace", "Limits", "Stem"]
