"""The attributes of each op: the options of TFLite's schema that a graph keeps, under the schema's names.

Options that follow from an op's shapes or constant inputs are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias


class Padding(Enum):
    """TFLite's padding schemes; SAME puts the odd row or column at the bottom or right."""

    SAME = "SAME"
    VALID = "VALID"


class Activation(Enum):
    """Activation fused into an op."""

    NONE = "NONE"
    RELU = "RELU"
    RELU_N1_TO_1 = "RELU_N1_TO_1"
    RELU6 = "RELU6"


@dataclass(frozen=True)
class Conv2D:
    """CONV_2D: inputs (x NHWC, weights OHWI, bias O or absent)."""

    stride_h: int = 1
    stride_w: int = 1
    padding: Padding = Padding.SAME
    activation: Activation = Activation.NONE
    dilation_h: int = 1
    dilation_w: int = 1


@dataclass(frozen=True)
class DepthwiseConv2D:
    """DEPTHWISE_CONV_2D: inputs (x NHWC, weights 1HWC, bias C or absent)."""

    depth_multiplier: int = 1
    stride_h: int = 1
    stride_w: int = 1
    padding: Padding = Padding.SAME
    activation: Activation = Activation.NONE
    dilation_h: int = 1
    dilation_w: int = 1


@dataclass(frozen=True)
class FullyConnected:
    """FULLY_CONNECTED: inputs (x, weights (out, in), bias or absent)."""

    activation: Activation = Activation.NONE
    keep_num_dims: bool = False


@dataclass(frozen=True)
class Pool2D:
    """AVERAGE_POOL_2D and MAX_POOL_2D; averages do not count padded positions."""

    filter_h: int
    filter_w: int
    stride_h: int
    stride_w: int
    padding: Padding = Padding.VALID
    activation: Activation = Activation.NONE


@dataclass(frozen=True)
class Reduce:
    """MEAN, SUM and REDUCE_MAX: inputs (x, axes as a constant int32 vector)."""

    keep_dims: bool = False


@dataclass(frozen=True)
class Binary:
    """ADD, SUB, MUL, MAXIMUM, MINIMUM with NumPy broadcasting."""

    activation: Activation = Activation.NONE


@dataclass(frozen=True)
class Softmax:
    """SOFTMAX over the last dimension."""

    beta: float = 1.0


@dataclass(frozen=True)
class Concatenation:
    """CONCATENATION along ``axis``."""

    axis: int
    activation: Activation = Activation.NONE


@dataclass(frozen=True)
class StridedSlice:
    """STRIDED_SLICE: inputs (x, begin, end, strides)."""

    begin_mask: int = 0
    end_mask: int = 0
    ellipsis_mask: int = 0
    new_axis_mask: int = 0
    shrink_axis_mask: int = 0


@dataclass(frozen=True)
class SplitOp:
    """SPLIT: inputs (axis, x)."""

    num_splits: int


@dataclass(frozen=True)
class LeakyRelu:
    """LEAKY_RELU with slope ``alpha`` below zero."""

    alpha: float


@dataclass(frozen=True)
class ResizeNearest:
    """RESIZE_NEAREST_NEIGHBOR: inputs (x, size)."""

    align_corners: bool = False
    half_pixel_centers: bool = False


@dataclass(frozen=True)
class SplitV:
    """SPLIT_V into parts of given sizes: inputs (x, sizes, axis)."""

    num_splits: int


@dataclass(frozen=True)
class Unpack:
    """UNPACK: the ``num`` slices along ``axis``, without that dimension."""

    num: int
    axis: int = 0


@dataclass(frozen=True)
class Pack:
    """PACK: ``num`` tensors of one shape become the slices along a new dimension ``axis``."""

    num: int
    axis: int = 0


@dataclass(frozen=True)
class Gelu:
    """GELU, by erf or ``approximate`` by tanh."""

    approximate: bool = False


@dataclass(frozen=True)
class ResizeBilinear:
    """RESIZE_BILINEAR: inputs (x, size)."""

    align_corners: bool = False
    half_pixel_centers: bool = False


@dataclass(frozen=True)
class TransposeConv:
    """TRANSPOSE_CONV: inputs (output shape, weights OHWI, x NHWC, bias O or absent)."""

    stride_h: int = 1
    stride_w: int = 1
    padding: Padding = Padding.SAME
    activation: Activation = Activation.NONE


@dataclass(frozen=True)
class BatchMatMul:
    """BATCH_MATMUL of two tensors over their last two dimensions; ``adj`` transposes an operand."""

    adj_x: bool = False
    adj_y: bool = False


@dataclass(frozen=True)
class Svdf:
    """SVDF: inputs (x, feature weights, time weights, bias or absent, state), outputs (y, state)."""

    rank: int = 1
    activation: Activation = Activation.NONE


@dataclass(frozen=True)
class SequenceLstm:
    """UNIDIRECTIONAL_SEQUENCE_LSTM: TFLite's 24 inputs, outputs (y, hidden state, cell state).

    ``activation_code`` is that of the cell gate in TFLite's schema; ``cell_clip`` of 0 clips nothing.
    """

    activation_code: int = 4
    cell_clip: float = 0.0
    projection_clip: float = 0.0
    time_major: bool = False


@dataclass(frozen=True)
class VarHandle:
    """VAR_HANDLE names a variable. Only files have it: the reader makes a ``State`` of it."""

    container: bytes = b""
    shared_name: bytes = b""


@dataclass(frozen=True)
class CallOnce:
    """CALL_ONCE of the subgraph that sets variables. Only files have it, as ``VarHandle``."""

    init_subgraph: int = 0


@dataclass(frozen=True)
class Axis:
    """GATHER along ``axis``; it occurs in a file's arithmetic on shapes only, not in a graph."""

    axis: int


@dataclass(frozen=True)
class NoAttrs:
    """Ops without options, or whose options follow from their shapes (RESHAPE, PAD, RELU, ...)."""


Attrs: TypeAlias = (
    Conv2D
    | DepthwiseConv2D
    | FullyConnected
    | Pool2D
    | Reduce
    | Binary
    | Softmax
    | Concatenation
    | StridedSlice
    | SplitOp
    | LeakyRelu
    | ResizeNearest
    | SplitV
    | Unpack
    | Pack
    | Gelu
    | ResizeBilinear
    | TransposeConv
    | BatchMatMul
    | Svdf
    | SequenceLstm
    | VarHandle
    | CallOnce
    | Axis
    | NoAttrs
)
