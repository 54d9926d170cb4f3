"""The int8 graph that cost, planner, code generator and reference interpreter share.

A ``Graph`` comes from a .tflite file (``micronas.model.tflite.read``) or, without TensorFlow and without
values, from an architecture (``micronas.model.net.shape_graph``). Both have the same ops, shapes and constant
sizes, so a budget that is met before training is also met afterwards.

Layout is TFLite's: activations NHWC with batch 1, convolution weights OHWI, depthwise weights 1HWC,
dense weights (out, in). Field names follow the TFLite schema.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

import numpy as np
import numpy.typing as npt


class DType(Enum):
    """Element types of supported graphs; the value is NumPy's name of the type."""

    INT8 = "int8"
    INT16 = "int16"
    INT32 = "int32"
    INT64 = "int64"
    FLOAT32 = "float32"
    UINT8 = "uint8"
    BOOL = "bool"

    @property
    def item_bytes(self) -> int:
        """Bytes of one element."""
        return int(np.dtype(self.value).itemsize)


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
class Quant:
    """Affine quantization, real = scale * (q - zero_point); per channel if there are several scales.

    ``scale`` holds float32 values (as Python floats), ``axis`` the channel dimension of a per-channel tensor.
    """

    scale: tuple[float, ...]
    zero_point: tuple[int, ...]
    axis: int = 0

    @property
    def per_channel(self) -> bool:
        """Whether each channel has its own scale."""
        return len(self.scale) > 1

    def alike(self, other: Quant) -> bool:
        """Whether both mean the same values to within float32's precision, both with one scale."""
        close = math.isclose(self.scale[0], other.scale[0], rel_tol=1e-6)
        return close and self.zero_point == other.zero_point


@dataclass(frozen=True, eq=False)
class Tensor:
    """A value of the graph. Constants have ``is_constant``; ``data`` is None in a shape-only graph."""

    name: str
    shape: tuple[int, ...]
    dtype: DType
    quant: Quant | None = None
    is_constant: bool = False
    data: npt.NDArray[np.generic] | None = field(default=None, repr=False)

    @property
    def elements(self) -> int:
        """Number of elements; 1 for a scalar."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of the whole tensor."""
        return self.elements * self.dtype.item_bytes


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
    """PACK and GATHER along ``axis``; they occur in a file's arithmetic on shapes only, not in a graph."""

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

ABSENT = -1
"""Tensor index of an absent optional input, as in TFLite."""


@dataclass(frozen=True)
class Op:
    """One operation; ``kind`` is TFLite's name (``CONV_2D``), tensors are indices into the graph."""

    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    attrs: Attrs = NoAttrs()


@dataclass(frozen=True, eq=False)
class State:
    """Memory that a network keeps from one run to the next.

    ``before`` is its tensor as a run finds it, ``after`` as the run leaves it (``before`` again if no op
    changes it); both have the same bytes. ``initial`` is what it holds before the first run.
    ``variable`` is the name that READ_VARIABLE and ASSIGN_VARIABLE share in a file.
    """

    before: int
    after: int
    initial: npt.NDArray[np.generic] = field(repr=False)
    variable: str = ""


@dataclass(frozen=True, eq=False)
class Graph:
    """Ops in execution order over a table of tensors."""

    name: str
    tensors: tuple[Tensor, ...]
    ops: tuple[Op, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    states: tuple[State, ...] = ()

    @property
    def sources(self) -> tuple[int, ...]:
        """The tensors that have a value before the first op: inputs and states."""
        return (*self.inputs, *(state.before for state in self.states))

    @property
    def activations(self) -> tuple[int, ...]:
        """Indices of the tensors in the arena: inputs, states and op outputs."""
        produced = {t for op in self.ops for t in op.outputs}
        return tuple(sorted(produced | set(self.sources)))

    def constant_inputs(self, op: Op) -> tuple[int, ...]:
        """The constant tensors that ``op`` reads, without absent ones."""
        return tuple(t for t in op.inputs if t != ABSENT and self.tensors[t].is_constant)

    def activation_inputs(self, op: Op) -> tuple[int, ...]:
        """The arena tensors that ``op`` reads, each once, in order."""
        live = (t for t in op.inputs if t != ABSENT and not self.tensors[t].is_constant)
        return tuple(dict.fromkeys(live))


def state_updates(op: Op) -> tuple[tuple[int, int], ...]:
    """The states that ``op`` changes, each as (tensor before, tensor after): both have the same memory."""
    positions = STATE_POSITIONS.get(op.kind, ())
    return tuple((op.inputs[before], op.outputs[after]) for before, after in positions)


STATE_POSITIONS: dict[str, tuple[tuple[int, int], ...]] = {
    "ASSIGN_VARIABLE": ((0, 0),),
    "SVDF": ((4, 1),),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": ((18, 1), (19, 2)),
}
"""Positions of states among the inputs of an op, and of their new values among its outputs."""


def rim_ops(graph: Graph) -> frozenset[int]:
    """The ops that convert a float or uint8 input or output of the graph to or from its int8 body."""
    ends = {*graph.inputs, *graph.outputs}
    return frozenset(
        i
        for i, op in enumerate(graph.ops)
        if op.kind in ("QUANTIZE", "DEQUANTIZE")
        and any(t in ends and graph.tensors[t].dtype is not DType.INT8 for t in (*op.inputs, *op.outputs))
    )
