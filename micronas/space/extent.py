"""What a kernel, stride or pool gene does to a plane of given height and width.

Spectrograms (49 x 10) and sensor windows (64 x 1) are far smaller in one dimension than in the other. So
a gene acts on each dimension only as far as it has an effect there, and feasibility needs no rejection:
no dimension ever falls below 2 by striding, and a kernel never reaches only padding.
"""

from __future__ import annotations

from typing import TypeAlias

Plane: TypeAlias = tuple[int, int]

SMALLEST_HALVED = 4
"""A dimension of fewer positions is not halved again."""


def effective_kernel(kernel: int, plane: Plane) -> Plane:
    """Height and width of the kernel: from any position it need not reach past both edges."""
    height, width = (min(kernel, 2 * size - 1) for size in plane)
    return height, width


def effective_stride(stride: int, plane: Plane) -> Plane:
    """Stride per dimension: 1 where the dimension is too small to be halved."""
    down, across = (stride if size >= SMALLEST_HALVED else 1 for size in plane)
    return down, across


def halved(plane: Plane, stride: Plane) -> Plane:
    """The plane after a SAME-padded layer of that stride."""
    return -(-plane[0] // stride[0]), -(-plane[1] // stride[1])


def pooled(plane: Plane) -> Plane:
    """The plane after 2x2 pooling without padding; an odd last row or column is dropped."""
    height, width = (size // 2 if size >= SMALLEST_HALVED else size for size in plane)
    return height, width
