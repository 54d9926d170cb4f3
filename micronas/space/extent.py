"""The effect of a kernel, stride or pool gene on a plane of given height and width.

Spectrograms (49 x 10) and sensor windows (64 x 1) are far smaller in one dimension than in the other. A gene
therefore acts on each dimension only as far as it has an effect there, so no architecture needs to be
rejected: striding never reduces a dimension below 2, and a kernel never covers only padding.
"""

from __future__ import annotations

from typing import TypeAlias

from micronas.model.window import window_span

Plane: TypeAlias = tuple[int, int]

SMALLEST_HALVED = 4
"""A dimension with fewer positions is not halved again."""

PLAIN_STRIDE = 2
"""Up to this stride, a kernel has the size of its gene; longer strides enlarge it, so that no samples are
skipped.
"""


def effective_kernel(kernel: int, plane: Plane) -> Plane:
    """Height and width of the kernel, limited so that it does not exceed both edges at once."""
    return effective_window((kernel, kernel), plane)


def effective_window(window: Plane, plane: Plane) -> Plane:
    """``effective_kernel`` of a kernel that is not square."""
    height, width = (min(kernel, 2 * size - 1) for kernel, size in zip(window, plane, strict=True))
    return height, width


def effective_dilation(dilation: int, kernel: int, size: int) -> int:
    """Distance of a kernel's rows, a power of two, halved until the kernel fits between the edges."""
    while dilation > 1 and (kernel == 1 or window_span(kernel, dilation) >= 2 * size):
        dilation //= 2
    return dilation


def effective_stride(stride: int, plane: Plane) -> Plane:
    """Stride per dimension, a power of two, limited so that at least 2 positions remain."""
    down, across = (_stride_along(stride, size) for size in plane)
    return down, across


def strided_kernel(kernel: int, stride: int, plane: Plane) -> Plane:
    """Kernel of a strided stem: raw audio needs strides of 8, with overlapping filters."""
    steps = effective_stride(stride, plane)
    height, width = (
        min(kernel * max(1, step // PLAIN_STRIDE), 2 * size - 1)
        for step, size in zip(steps, plane, strict=True)
    )
    return height, width


def halved(plane: Plane, stride: Plane) -> Plane:
    """The plane after a SAME-padded layer with this stride."""
    return -(-plane[0] // stride[0]), -(-plane[1] // stride[1])


def pooled(plane: Plane) -> Plane:
    """The plane after 2x2 pooling without padding; an odd last row or column is dropped."""
    height, width = (size // 2 if size >= SMALLEST_HALVED else size for size in plane)
    return height, width


def _stride_along(stride: int, size: int) -> int:
    while stride > 1 and size < stride * SMALLEST_HALVED // 2:
        stride //= 2
    return stride
