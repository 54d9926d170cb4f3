"""Random architectures, distributed over the sizes of the space.

Drawing each gene uniformly gives almost only large networks, of which very few fit a small budget. Widths are
therefore drawn roughly uniformly in the logarithm, around one width per network that grows when the plane
shrinks, as in manual designs. All other genes are drawn as declared.
"""

from __future__ import annotations

import math

import numpy as np

from micronas.space.gene import Value
from micronas.space.gene_group import RecordGenes
from micronas.space.layerwise.arch import Block, BlockKind, Head, LayerwiseArch, Limits, Stem
from micronas.space.widths import nearest_width

_SHARE_STRIDED = 0.35
_SHARE_POOLED = 0.1
_LEAN_TO_NARROW = 1.5
"""1 draws widths uniformly in the logarithm; layers widen after the stem, so the stem is drawn narrower."""
_GROWTH_WHERE_HALVED = (1.0, 2.0)
_GROWTH_ELSEWHERE = (0.7, 1.4)


def draw(
    rng: np.random.Generator,
    limits: Limits,
    stem: RecordGenes[Stem],
    block: RecordGenes[Block],
    head: RecordGenes[Head],
) -> LayerwiseArch:
    """A random architecture, not yet in canonical form."""
    width = _typical_width(rng, limits)
    drawn_stem = stem.drawn(rng, {"width": nearest_width(width, limits.widths)})
    kinds = list(BlockKind)
    favourite = kinds[rng.integers(len(kinds))]
    blocks: list[Block] = []
    for _ in range(int(rng.integers(limits.min_blocks, limits.max_blocks + 1))):
        kind = favourite if rng.random() < 0.5 else kinds[rng.integers(len(kinds))]
        stride = 2 if rng.random() < _SHARE_STRIDED else 1
        pool = bool(rng.random() < _SHARE_POOLED)
        growth = _GROWTH_WHERE_HALVED if stride == 2 or pool else _GROWTH_ELSEWHERE
        width *= math.exp(rng.uniform(*np.log(growth)))
        correlated: dict[str, Value] = {"kind": kind, "stride": stride, "pool": pool}
        correlated["width"] = nearest_width(width, limits.widths)
        blocks.append(block.drawn(rng, correlated))
    return LayerwiseArch(drawn_stem, tuple(blocks), head.drawn(rng, {}))


def _typical_width(rng: np.random.Generator, limits: Limits) -> float:
    low, high = math.log(limits.min_width), math.log(limits.max_width)
    return math.exp(low + (high - low) * rng.random() ** _LEAN_TO_NARROW)
