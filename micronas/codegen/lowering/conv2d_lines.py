"""How convolutions of one input channel run from lines of words, each input widened once per word.

A line of outputs is a row or a column. Words hold two inputs that are neighbours on the line or across it; a
window is some chains of words (``firmware/lib/mn_kernels/mn_dsp_lines.h``). Kernels exist for some numbers of
chains and taps, and take smaller windows with weights of zero.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from micronas.codegen.lowering import StructField, Swap
from micronas.codegen.lowering.operands import OpContext
from micronas.model.op_attributes import Conv2D

FORMS = ((1, 5), (1, 8), (2, 3), (3, 2), (3, 5), (4, 5))
"""Chains, and taps of each, for which there is a kernel."""
_MOST_BYTES = 8 * 1024
"""Scratch beyond which an image goes by some rows at a time: the weights of a pair are then ordered again."""
_QUAD = 4
_TAP_CYCLES, _QUAD_CYCLES, _WORD_CYCLES = 11.5, 75, 10
"""About what a tap and the end of a quad take for a pair of output channels, and a word of a line."""


@dataclass(frozen=True)
class _Axis:
    """One direction: along the lines of outputs or across them."""

    outputs: int
    kernel: int
    stride: int


@dataclass(frozen=True)
class _Way:
    """A way to run: the form of the kernel, and how the image lies in it."""

    along: _Axis
    across: _Axis
    is_vertical: bool
    pairs_across: bool
    chains: int
    taps: int

    @property
    def parts(self) -> tuple[int, ...]:
        """Outputs of each line of words: of all, or of every second."""
        outputs = self.along.outputs
        if self.pairs_across or self.along.stride == 2:
            return (outputs,)
        return (-(-outputs // 2), outputs // 2)

    @property
    def fits(self) -> bool:
        """Whether the kernel takes these strides, this window and lines of this length."""
        strides = (1,) if self.pairs_across else (1, 2)
        chains = 2 * self.chains if self.pairs_across else self.chains
        taps = self.taps if self.pairs_across else 2 * self.taps
        is_covered = self.across.kernel <= chains and self.along.kernel <= taps
        return is_covered and self.along.stride in strides and min(self.parts) >= _QUAD

    @property
    def line_words(self) -> int:
        """Words of a line of outputs."""
        return sum(self.chains * (outputs + self.taps - 1) for outputs in self.parts)

    @property
    def lines(self) -> int:
        """Lines at a time, or 0 if there is no room for what the kernel takes at once."""
        most, lines = _MOST_BYTES // (4 * self.line_words), self.across.outputs
        if most >= lines or most == 0 or self.is_vertical:
            return lines if most >= lines else 0
        return -(-lines // -(-lines // most))

    def cycles(self, pairs: int) -> float:
        """About the cycles that ``pairs`` pairs of output channels take."""
        quads = sum(-(-outputs // _QUAD) for outputs in self.parts)
        each = _TAP_CYCLES * self.chains * self.taps + _QUAD_CYCLES
        return self.across.outputs * (quads * pairs * each + _WORD_CYCLES * self.line_words)


def lines_of(context: OpContext) -> Swap | None:
    """The fastest way by lines, for one input channel and an even number of output channels.

    All windows of the rows at a time, or of all columns, are read before their outputs are written, so an
    overlap that is safe by pairs of pixels is safe by lines, too.
    """
    attrs, x, w, y = context.op.attrs, context.input(0), context.input(1), context.output()
    assert isinstance(attrs, Conv2D)
    if x.shape[3] != 1 or y.shape[3] % 2 or (attrs.dilation_h, attrs.dilation_w) != (1, 1):
        return None
    down = _Axis(y.shape[1], w.shape[1], attrs.stride_h)
    right = _Axis(y.shape[2], w.shape[2], attrs.stride_w)
    ways = [way for way in _ways(down, right) if way.fits and way.lines]
    if context.target.by_rows:
        ways = [way for way in ways if not way.is_vertical]
    if not ways:
        return None
    way = min(ways, key=lambda way: way.cycles(y.shape[3] // 2))
    fields = {"lines": way.lines, "is_vertical": way.is_vertical, "pairs_across": way.pairs_across}
    return Swap(
        kernel=f"mn_conv2d_lines_{way.chains}x{way.taps}_dsp",
        scratch_bytes=4 * way.lines * way.line_words,
        params_type="mn_conv2d_lines",
        member="conv",
        fields=tuple(StructField(name, "int16_t", int(value)) for name, value in fields.items()),
    )


def _ways(down: _Axis, right: _Axis) -> Iterator[_Way]:
    for is_vertical in (False, True):
        along, across = (down, right) if is_vertical else (right, down)
        for pairs_across in (False, True):
            for chains, taps in FORMS:
                yield _Way(along, across, is_vertical, pairs_across, chains, taps)
