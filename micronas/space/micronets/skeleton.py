"""The fixed part: the stem's kernel and the layers that halve the plane, derived from the data's shape.

The rule gives the published skeletons: 10 x 4 stem and one halving in the first block for MFCCs of 49 x 10;
3 x 3 stem and halvings in blocks 1, 4 and 5 for spectrograms of 32 x 32. The stem halves inputs of 64 and
more, as in the networks for visual wake words.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

_SMALLEST_SIDE = 4
_LARGE_SIDE = 64
_TALL = 3


@dataclass(frozen=True)
class Skeleton:
    """``strides`` has one entry per slot; a slot of stride 1 may be skipped."""

    stem_kernel: tuple[int, int]
    stem_stride: int
    strides: tuple[int, ...]


def make_skeleton(input_shape: tuple[int, int, int], slots: int) -> Skeleton:
    """The skeleton for inputs (height, width, channels)."""
    height, width, _ = input_shape
    sides = [side for side in (height, width) if side > 1] or [1]
    halvings = max(0, math.floor(math.log2(min(sides) / _SMALLEST_SIDE)))
    stem_halves = min(sides) >= _LARGE_SIDE
    later = min(halvings - stem_halves, slots)
    # One halving at the start, to save SRAM; the others at the end, where the widths are largest.
    at = {0, *range(slots - later + 1, slots)} if later > 0 else set()
    return Skeleton(
        stem_kernel=(10, 4) if height >= _TALL * width > _TALL else (3, 3),
        stem_stride=2 if stem_halves else 1,
        strides=tuple(2 if i in at else 1 for i in range(slots)),
    )
