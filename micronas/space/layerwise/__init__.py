"""The layer-wise space: stem, blocks of three kinds, pooling, dense."""

from micronas.space.layerwise.arch import (
    Block,
    BlockKind,
    Head,
    HeadPooling,
    KernelShape,
    LayerwiseArch,
    Limits,
    Stem,
)
from micronas.space.layerwise.space import LayerwiseSpace

__all__ = [
    "Block",
    "BlockKind",
    "Head",
    "HeadPooling",
    "KernelShape",
    "LayerwiseArch",
    "LayerwiseSpace",
    "Limits",
    "Stem",
]
