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

import numpy as np
import numpy.typing as npt

from micronas.model.op_attributes import Attrs, NoAttrs


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
        return _ITEM_BYTES[self._value_]


_ITEM_BYTES = {dtype.value: np.dtype(dtype.value).itemsize for dtype in DType}


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


ABSENT = -1
"""Tensor index of an absent optional input, as in TFLite."""


@dataclass(frozen=True)
class Op:
    """One operation; ``kind`` is TFLite's name (``CONV_2D``), tensors are indices into the graph."""

    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    attrs: Attrs = field(default_factory=NoAttrs)


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
        tensors = self.tensors
        return tuple(dict.fromkeys([t for t in op.inputs if t != ABSENT and not tensors[t].is_constant]))


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
