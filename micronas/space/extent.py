"""What a kernel, stride or pool gene does to a plane of given height and width.

Spectrograms (49 x 10) and sensor windows (64 x 1) are far smaller in one dimension than in the other. So
a gene acts on each dimension only as far as it has an effect there, and feasibility needs no rejection:
no dimension ever falls below 2 by striding, and a kernel never reaches only padding.
"""

from __future__ import annotations

from typing import TypeAlias

from micronas.model.window import window_span

Plane: TypeAlias = tuple[int, int]

SMALLEST_HALVED = 4
"""A dimension of fewer positions is not halved again."""

PLAIN_STRIDE = 2
"""Up to this stride a kernel is as large as its gene says; longer ones scale it, to skip no samples."""


def effective_kernel(kernel: int, plane: Plane) -> Plane:
    """Height and width of the kernel: from any position it need not reach past both edges."""
    height, width = (min(kernel, 2 * size - 1) for size in plane)
    return height, width


def effective_dilation(dilation: int, kernel: int, size: int) -> int:
    """Distance of a kernel's rows, a power of two: as many halvings as leave it in reach of both edges."""
    while dilation > 1 and (kernel == 1 or window_span(kernel, dilation) >= 2 * size):
        dilation //= 2
    return dilation


def effective_stride(stride: int, plane: Plane) -> Plane:
    """Stride per dimension, a power of two: as many halvings of ``stride`` as leave 2 positions."""
    down, across = (_stride_along(stride, size) for size in plane)
    return down, across


def strided_kernel(kernel: int, stride: int, plane: Plane) -> Plane:
    """Kernel of a strided stem: raw audio needs strides of 8, and filters that overlap at that stride."""
    steps = effective_stride(stride, plane)
    height, width = (
        min(kernel * max(1, step // PLAIN_STRIDE), 2 * size - 1)
        for step, size in zip(steps, plane, strict=True)
    )
    return height, width


def halved(plane: Plane, stride: Plane) -> Plane:
    """The plane after a SAME-padded layer of that stride."""
    return -(-plane[0] // stride[0]), -(-plane[1] // stride[1])


def pooled(plane: Plane) -> Plane:
    """The plane after 2x2 pooling without padding; an odd last row or column is dropped."""
    height, width = (size // 2 if size >= SMALLEST_HALVED else size for size in plane)
    return height, width


def _stride_along(stride: int, size: int) -> int:
    while stride > 1 and size < stride * SMALLEST_HALVED // 2:
        stride //= 2
    return stride
