"""About how many instructions the DSP forms of a depthwise convolution take for one channel.

Good for a choice between them, fitted to counts of the published networks (benchmarks/engine); results and
sizes never depend on it being exact.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PlaneGeometry:
    """Rows and columns of input, output and kernel, and elements from one to the next."""

    in_h: int
    in_w: int
    out_h: int
    out_w: int
    kernel_h: int
    kernel_w: int

    x_row: int
    x_column: int
    y_row: int
    y_column: int

    @property
    def rows(self) -> int:
        """Rows of outputs and of their windows: the starts of the portable form's inner loops."""
        return self.out_h * (1 + self.out_w * self.kernel_h)

    @property
    def taps(self) -> int:
        """Weights of a channel."""
        return self.kernel_h * self.kernel_w

    def turned(self) -> PlaneGeometry:
        """Rows and columns exchanged: the same bytes, seen as another image."""
        return PlaneGeometry(
            *(self.in_w, self.in_h, self.out_w, self.out_h, self.kernel_w, self.kernel_h),
            *(self.x_column, self.x_row, self.y_column, self.y_row),
        )


def plane_instructions(image: PlaneGeometry) -> float:
    """For ``mn_depthwise_dsp``: copy the channel to a plane, pack its weights, take outputs in pairs."""
    pairs, odd = divmod(image.out_w, 2)
    if (image.kernel_h, image.kernel_w) == (3, 3):
        row, pair = 20, 36
    else:
        row, pair = 40, 32 + image.kernel_h * (5 + 8 * (image.kernel_w // 2 + 1))
    copy = image.in_h * (12 + 4.25 * image.in_w) + 12 * image.taps
    return copy + image.out_h * (row + pair * pairs) + odd * (60 + image.out_h * (row + pair))


def plane_cycles(image: PlaneGeometry) -> float:
    """The same with what waits for a flash of five wait states: each channel brings its code and its weights
    into the cache again.
    """
    pairs = -(-image.out_w // 2)
    copy = image.in_h * (18 + 6 * image.in_w)
    return 920 + copy + image.out_h * (30 + 49 * pairs)


def fours_cycles(image: PlaneGeometry, strides: tuple[int, int], strips: int) -> float:
    """The same for ``mn_depthwise_fours_dsp``, four channels at a time: set up, copy to a strip, take pairs
    of outputs and the odd ones. The code is brought into the cache again for each of the ``strips``.
    """
    strip = ((image.out_h - 1) * strides[0] + 3) * ((image.out_w - 1) * strides[1] + 3)
    row = 16 + 244 * (image.out_w // 2) + 210 * (image.out_w % 2)
    return (600 + 1600 * strips + 8 * strip + row * image.out_h) / 4


PIXEL_CYCLES = 1.8
"""Cycles per instruction of ``mn_depthwise_pixels_dsp``, which reads all weights and scales for each
pixel.
"""


def pixel_instructions(image: PlaneGeometry, channels: int) -> float:
    """For ``mn_depthwise_pixels_dsp``: list a window's taps once, then four channels at a time."""
    blocks = -(-channels // 4)
    pixel = 60 + 12 * image.taps + blocks * (80 + 13 * image.taps)
    return image.out_h * image.out_w * pixel / channels
