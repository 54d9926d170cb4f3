"""How far before its input an output may start so that a kernel never writes over what it still has to read.

A kernel that takes its windows in order, row by row, writes a step's outputs when it has read that step's
windows. What it has written must then stay below the lowest input byte of any later step. The most by which
it would not, were both to start at the same byte, is the *lead* that the output needs. (Overlapping buffers
by a computed distance is known as diagonal memory optimisation.) A kernel that goes from the last pixel to
the first needs a *lag* in the same way: its output must start so far behind its input.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from micronas.model.graph import Tensor
from micronas.model.window import window_padding

_NEVER = 2**40


@dataclass(frozen=True)
class WindowAxis:
    """Windows along one axis: input positions, windows, and the kernel's taps with their distances."""

    size: int
    outputs: int
    taps: int
    stride: int
    dilation: int = 1

    def first_inside(self) -> npt.NDArray[np.int64]:
        """For each window the position of its first tap that lies on the input; ``_NEVER`` if none does."""
        pad, _ = window_padding(self.size, self.outputs, self.taps, self.stride, self.dilation)
        first = np.arange(self.outputs, dtype=np.int64) * self.stride - pad
        skipped = np.maximum(0, -(first // self.dilation))
        inside = first + skipped * self.dilation
        return np.where((inside < self.size) & (skipped < self.taps), inside, _NEVER)


@dataclass(frozen=True)
class Steps:
    """``pixels`` outputs are written at a time; ``buffered`` when all their windows are read before that."""

    pixels: int
    buffered: bool


def window_lead(
    x: Tensor, y: Tensor, vertical: WindowAxis, horizontal: WindowAxis, steps: Steps
) -> int | None:
    """The lead of ``y`` on ``x``, both one HWC image of bytes; None where they cannot share a byte."""
    lead = _window_lead(x.shape[3], y.shape[3], vertical, horizontal, steps)
    return lead if lead < y.nbytes else None


@functools.lru_cache(maxsize=4096)
def _window_lead(in_c: int, out_c: int, vertical: WindowAxis, horizontal: WindowAxis, steps: Steps) -> int:
    """The lead of an image of ``out_c`` channels on one of ``in_c``; candidates of a search share many."""
    rows, columns = vertical.first_inside(), horizontal.first_inside()
    lowest = np.minimum(_NEVER, (rows[:, None] * horizontal.size + columns) * in_c).reshape(-1)
    from_here_on = np.minimum.accumulate(np.append(lowest, _NEVER)[::-1])[::-1]
    starts = np.arange(0, lowest.size, steps.pixels)
    ends = np.minimum(starts + steps.pixels, lowest.size)
    still_to_read = from_here_on[ends if steps.buffered else starts]
    return max(0, int((ends * out_c - still_to_read).max()))


def pointwise_lag(x: Tensor, y: Tensor, steps: Steps) -> int | None:
    """The lag of a pointwise kernel that goes backwards, for more output channels than input channels.

    Output pixel i is then never below input pixel i, so only a step's own inputs can be in the way.
    """
    in_c, out_c = x.shape[3], y.shape[3]
    if out_c <= in_c:
        return None
    return 0 if steps.buffered else steps.pixels * in_c
