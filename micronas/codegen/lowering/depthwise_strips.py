"""Strips of a depthwise convolution: a channel's plane in scratch holds some rows of outputs at a time."""

from __future__ import annotations

from dataclasses import dataclass

from micronas.codegen.lowering import Bands
from micronas.codegen.lowering.blocks import equal_parts
from micronas.codegen.lowering.depthwise_cost import PlaneGeometry, plane_instructions
from micronas.codegen.lowering.depthwise_op import DepthwiseOp

MIN_ROWS, MIN_BYTES = 4, 1024
"""A strip has at least ``MIN_ROWS`` rows of outputs, and more as long as they fit ``MIN_BYTES`` of
scratch.
"""

FOURS_BYTES = 256
"""Scratch that strips of four channels may take in any case."""


@dataclass(frozen=True)
class Strip:
    """What a strip takes, its rows of outputs to begin with, and its width in elements."""

    bands: Bands
    rows: int
    width: int

    @property
    def plane(self) -> tuple[int, int]:
        """Rows and columns of the plane."""
        return self.bands.plane_h(self.rows), self.width

    @property
    def scratch_bytes(self) -> int:
        """Of the strip to begin with."""
        return self.bands.scratch_bytes(self.rows)

    @property
    def blocks(self) -> Bands | None:
        """Strips of more rows, which free memory allows; None if this one has all rows."""
        return self.bands if self.rows < self.bands.most_rows else None


def strip_of_planes(op: DepthwiseOp) -> Strip:
    """For ``mn_depthwise_dsp``: one channel, in pairs of columns."""
    image, stride_w = op.image, op.attrs.stride_w
    words = image.kernel_w // 2 + 1
    last_pair = (-(-image.out_w // 2) - 1) * 2 * stride_w
    width = last_pair + 2 * (stride_w // 2 + words)
    bands = _bands(op, 2 * width, weight_bytes=8 * image.kernel_h * words)
    return Strip(bands, _fewest_rows(bands) if may_roll(image) else image.out_h, width)


def strip_of_fours(op: DepthwiseOp) -> Strip:
    """For ``mn_depthwise_fours_dsp``: four channels, which begin with what fits the scratch of planes."""
    image = op.image
    width = (image.out_w - 1) * op.attrs.stride_w + image.kernel_w
    bands = _bands(op, 4 * width)
    of_planes = strip_of_planes(op.turned_for(plane_instructions)).scratch_bytes
    roomy = max(1, (max(FOURS_BYTES, of_planes) - bands.fixed_bytes) // bands.row_bytes)
    return Strip(bands, equal_parts(image.out_h, min(roomy, image.out_h)), width)


def _bands(op: DepthwiseOp, row_bytes: int, weight_bytes: int = 0) -> Bands:
    """Strips whose rows of inputs take ``row_bytes`` each."""
    image, stride_h = op.image, op.attrs.stride_h
    return Bands(
        fixed_bytes=row_bytes * (image.kernel_h - stride_h) + weight_bytes,
        row_bytes=row_bytes * stride_h,
        most_rows=image.out_h,
        stride=stride_h,
        kernel_h=image.kernel_h,
    )


def _fewest_rows(bands: Bands) -> int:
    """A small strip: with less, little memory is saved and rows are moved and set up too often."""
    roomy = (MIN_BYTES - bands.fixed_bytes) // bands.row_bytes
    return equal_parts(bands.most_rows, min(bands.most_rows, max(MIN_ROWS, roomy)))


def may_roll(image: PlaneGeometry) -> bool:
    """Whether rows of outputs never lie on rows of inputs below them, were both to start at the same byte.

    An output that never takes over its input's memory may roll in any case.
    """
    return image.x_column == image.y_column and image.y_row <= image.x_row
