"""Ops of images seen by rows: which rows of its input an op reads for some rows of its output."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from micronas.model.graph import DType, Graph, Op, Tensor
from micronas.model.op_attributes import Conv2D, DepthwiseConv2D, Pool2D
from micronas.model.window import window_padding, window_span

ELEMENTWISE = ("RELU", "RELU6", "LEAKY_RELU", "HARD_SWISH", "LOGISTIC", "TANH")
"""Functions of one element, which run by rows; so do convolutions, pools and additions."""


@dataclass(frozen=True)
class InputRows:
    """``count`` rows from ``first`` on, with ``above`` rows of padding before them."""

    first: int
    count: int
    above: int


@dataclass(frozen=True)
class RowOp:
    """An op whose output rows depend on a window of input rows.

    ``reads`` are its activations, none if the application delivers the rows; ``writes`` its output. An op
    that ``gathers`` takes rows as they come, and writes its only output row after the last of them.
    """

    reads: tuple[int, ...]
    writes: int
    in_h: int
    out_h: int
    taps: int = 1
    stride: int = 1
    dilation: int = 1
    gathers: bool = False

    @functools.cached_property
    def pad_top(self) -> int:
        """Rows of padding above the first row."""
        return window_padding(self.in_h, self.out_h, self.taps, self.stride, self.dilation)[0]

    @property
    def turns(self) -> int:
        """Rows by which the op advances: of its output, or of its input if it gathers."""
        return self.in_h if self.gathers else self.out_h

    def rows_for(self, first: int, count: int) -> InputRows:
        """The input rows that ``count`` turns from ``first`` on read, without padding."""
        if self.gathers:
            return InputRows(first, count, 0)
        top = first * self.stride - self.pad_top
        bottom = top + (count - 1) * self.stride + window_span(self.taps, self.dilation)
        inside = max(0, top)
        return InputRows(inside, max(0, min(bottom, self.in_h) - inside), inside - top)

    @functools.cached_property
    def first_rows(self) -> tuple[int, ...]:
        """The first input row that each turn reads; past the last row for the end of all turns."""
        return (*(self.rows_for(turn, 1).first for turn in range(self.turns)), self.in_h)

    def turns_with(self, in_rows: int) -> int:
        """The turns that the first ``in_rows`` rows of input suffice for."""
        if self.gathers or in_rows == self.in_h:
            return min(in_rows, self.turns) if self.gathers else self.turns
        reach = in_rows + self.pad_top - window_span(self.taps, self.dilation)
        return min(self.turns, max(0, reach // self.stride + 1))

    def most_in_rows(self, count: int) -> int:
        """Rows under ``count`` windows, padding included."""
        return count if self.gathers else (count - 1) * self.stride + window_span(self.taps, self.dilation)


def row_op(graph: Graph, op: Op) -> RowOp | None:
    """``op`` by rows; None if it cannot run so."""
    reads = graph.activation_inputs(op)
    tensors = [graph.tensors[t] for t in (*reads, *op.outputs)]
    if len(op.outputs) != 1 or not all(_is_image(tensor) for tensor in tensors):
        return None
    x, y = tensors[0], tensors[-1]
    if not reads:
        return RowOp((), op.outputs[0], y.shape[1], y.shape[1])
    taps = _taps(graph, op, x, y)
    if taps is None:
        return None
    if taps == (0, 0, 0):
        return RowOp(reads, op.outputs[0], x.shape[1], 1, gathers=True)
    return RowOp(reads, op.outputs[0], x.shape[1], y.shape[1], *taps)


def _taps(graph: Graph, op: Op, x: Tensor, y: Tensor) -> tuple[int, int, int] | None:
    """Taps, stride and dilation along the rows; zeros for an op that gathers, None for any other."""
    attrs = op.attrs
    if isinstance(attrs, Conv2D | DepthwiseConv2D) and op.kind in ("CONV_2D", "DEPTHWISE_CONV_2D"):
        return graph.tensors[op.inputs[1]].shape[1], attrs.stride_h, attrs.dilation_h
    if isinstance(attrs, Pool2D):
        whole = (attrs.filter_h, attrs.filter_w) == x.shape[1:3] and y.shape[1:3] == (1, 1)
        if op.kind == "AVERAGE_POOL_2D" and whole:
            return 0, 0, 0
        return attrs.filter_h, attrs.stride_h, 1
    if op.kind == "ADD":
        same = len(op.inputs) == 2 and all(graph.tensors[t].shape == y.shape for t in op.inputs)
        constant = any(graph.tensors[t].is_constant for t in op.inputs)
        return (1, 1, 1) if same and not constant else None
    return (1, 1, 1) if op.kind in ELEMENTWISE else None


def _is_image(tensor: Tensor) -> bool:
    return len(tensor.shape) == 4 and tensor.shape[0] == 1 and tensor.dtype is DType.INT8


def row_bytes(tensor: Tensor) -> int:
    """Bytes of one row of an image."""
    return tensor.nbytes // tensor.shape[1]
