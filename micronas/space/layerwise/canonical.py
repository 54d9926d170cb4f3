"""Canonical form: genes that do not change the network get a fixed value.

If the plane is already small, stride 2 and pooling have no effect, and a 7 x 7 kernel covers no more than a
smaller one. Architectures that differ only in such genes are the same network and must not be trained twice.
The declarations of genes handle those that do not apply to a kind of block.
"""

from __future__ import annotations

from dataclasses import replace

from micronas.space.extent import (
    Plane,
    effective_dilation,
    effective_kernel,
    effective_stride,
    effective_window,
    halved,
    pooled,
    strided_kernel,
)
from micronas.space.layerwise.arch import (
    MAX_FLATTENED,
    Block,
    HeadPooling,
    KernelShape,
    LayerwiseArch,
    Limits,
    Stem,
)


def canonical(arch: LayerwiseArch, plane: Plane, limits: Limits) -> LayerwiseArch:
    """``arch``, after the declarations were applied, with ineffective genes at their smallest value.

    ``plane`` is the input's height and width.
    """
    shrink, plane = _shrunk(arch.stem.shrink, plane)
    stem = replace(
        arch.stem,
        kernel=_smallest_stem_kernel(arch.stem, plane, limits),
        stride=_effective(arch.stem.stride, plane),
        shrink=shrink,
    )
    plane = halved(plane, effective_stride(stem.stride, plane))
    blocks = []
    for block in arch.blocks:
        blocks.append(_canonical_block(block, plane, limits))
        plane = plane_after(blocks[-1], plane)
    head = replace(arch.head, pooling=effective_pooling(arch.head.pooling, plane))
    return LayerwiseArch(stem, tuple(blocks), head)


def _shrunk(shrink: int, plane: Plane) -> tuple[int, Plane]:
    """The effective part of ``shrink``, and the plane after it."""
    effective = 1
    while effective < shrink and pooled(plane) != plane:
        effective, plane = 2 * effective, pooled(plane)
    return effective, plane


def plane_after(block: Block, plane: Plane) -> Plane:
    """Height and width after a block."""
    plane = halved(plane, effective_stride(block.stride, plane))
    return pooled(plane) if block.pool else plane


def effective_pooling(pooling: HeadPooling, plane: Plane) -> HeadPooling:
    """The head's pooling on a plane; a plane of one position has nothing to pool."""
    positions = plane[0] * plane[1]
    if positions == 1 or (pooling is HeadPooling.FLATTEN and positions > MAX_FLATTENED):
        return HeadPooling.AVERAGE
    return pooling


def _canonical_block(block: Block, plane: Plane, limits: Limits) -> Block:
    block = _smallest_window(block, plane, limits)
    height = window_on(block, plane)[0]
    strided = halved(plane, effective_stride(block.stride, plane))
    return replace(
        block,
        stride=_effective(block.stride, plane),
        pool=block.pool and pooled(strided) != strided,
        dilation=effective_dilation(block.dilation, height, plane[0]),
    )


def _effective(stride: int, plane: Plane) -> int:
    return max(effective_stride(stride, plane))


def _smallest_stem_kernel(stem: Stem, plane: Plane, limits: Limits) -> int:
    window = strided_kernel(stem.kernel, stem.stride, plane)
    return min(k for k in limits.kernels if strided_kernel(k, stem.stride, plane) == window)


def window_on(block: Block, plane: Plane) -> Plane:
    """Height and width of a block's window; a shape that would leave one position has no effect."""
    window = effective_window(block.shape.window(block.kernel), plane)
    return window if window != (1, 1) else effective_kernel(block.kernel, plane)


def _smallest_window(block: Block, plane: Plane, limits: Limits) -> Block:
    """With the first shape and the smallest kernel that have the same window."""
    shapes = [s for s in limits.optional.get("kernel_shape", ()) if isinstance(s, KernelShape)]
    window = window_on(block, plane)
    for shape in shapes or [KernelShape.SQUARE]:
        for kernel in sorted(limits.kernels):
            same = replace(block, kernel=kernel, shape=shape)
            if window_on(same, plane) == window:
                return same
    return block
