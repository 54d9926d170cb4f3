"""Encoding of each op's attributes in a .tflite file: one table for reader and writer.

An ``OptionsTable`` pairs the fields of an ``Attrs`` dataclass with those of a table of TFLite's schema. Ops
that are defined by shapes or constant inputs (``NoAttrs``) have no options, or only those that
``tflite.writer`` derives from their shapes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ai_edge_litert import schema_py_generated as schema

from micronas.errors import ModelError
from micronas.model import op_attributes as a
from micronas.model.graph import DType

PADDINGS: dict[int, Enum] = {0: a.Padding.SAME, 1: a.Padding.VALID}
ACTIVATIONS: dict[int, Enum] = {
    0: a.Activation.NONE,
    1: a.Activation.RELU,
    2: a.Activation.RELU_N1_TO_1,
    3: a.Activation.RELU6,
}


@dataclass(frozen=True)
class OptionField:
    """One attribute and the option that holds it; ``codes`` maps the file's numbers to an enum."""

    attr: str
    option: str
    codes: dict[int, Enum] | None = None

    def decode(self, value: Any) -> Any:
        """The option's value as the attribute's; raises ``ModelError`` for an unknown number."""
        if isinstance(value, float) and not math.isfinite(value):
            raise ModelError(f"{self.attr} is {value}")
        if self.codes is None:
            return value
        if value not in self.codes:
            raise ModelError(f"{self.attr} has the unknown code {value}")
        return self.codes[value]

    def encode(self, value: Any) -> Any:
        """The attribute's value as the option's."""
        if self.codes is None:
            return value
        return next(code for code, member in self.codes.items() if member is value)


@dataclass(frozen=True)
class OptionsTable:
    """An options table of the schema and its attributes.

    ``optional``: a file may leave the table out, which then means what the attributes' defaults mean.
    ``fixed`` are options of which one value is supported, and what others are.
    """

    options: str
    attrs: type[a.Attrs]
    fields: tuple[OptionField, ...]
    optional: bool = False
    fixed: tuple[tuple[str, int, str], ...] = ()

    @property
    def type_code(self) -> int:
        """The table's number in the schema's union of options."""
        return int(getattr(schema.BuiltinOptions, self.options))

    def defaults(self) -> a.Attrs:
        """Attributes where an ``optional`` table is left out."""
        make: Any = self.attrs
        attrs: a.Attrs = make()
        return attrs

    def decode(self, table: Any) -> a.Attrs:
        """Attributes from a flatbuffer ``Table`` positioned at the options."""
        options = getattr(schema, self.options)()
        options.Init(table.Bytes, table.Pos)
        values = getattr(schema, f"{self.options}T").InitFromObj(options)
        for option, supported, others in self.fixed:
            if (value := getattr(values, option)) != supported:
                raise ModelError(f"{option} is {value}: {others} are not supported")
        return self.attrs(**{f.attr: f.decode(getattr(values, f.option)) for f in self.fields})

    def encode(self, attrs: a.Attrs) -> Any:
        """The schema's object form of the options, ready to ``Pack``."""
        values = getattr(schema, f"{self.options}T")()
        for field in self.fields:
            setattr(values, field.option, field.encode(getattr(attrs, field.attr)))
        return values


ACTIVATION = OptionField("activation", "fusedActivationFunction", ACTIVATIONS)
PADDING = OptionField("padding", "padding", PADDINGS)
STRIDES = (OptionField("stride_h", "strideH"), OptionField("stride_w", "strideW"))
DILATIONS = (OptionField("dilation_h", "dilationHFactor"), OptionField("dilation_w", "dilationWFactor"))

CONV = OptionsTable("Conv2DOptions", a.Conv2D, (*STRIDES, *DILATIONS, PADDING, ACTIVATION))
DEPTHWISE = OptionsTable(
    "DepthwiseConv2DOptions",
    a.DepthwiseConv2D,
    (OptionField("depth_multiplier", "depthMultiplier"), *STRIDES, *DILATIONS, PADDING, ACTIVATION),
)
FULLY_CONNECTED = OptionsTable(
    "FullyConnectedOptions",
    a.FullyConnected,
    (ACTIVATION, OptionField("keep_num_dims", "keepNumDims")),
    optional=True,
    fixed=(("weightsFormat", 0, "weights in shuffled order"),),
)
POOL = OptionsTable(
    "Pool2DOptions",
    a.Pool2D,
    (
        OptionField("filter_h", "filterHeight"),
        OptionField("filter_w", "filterWidth"),
        *STRIDES,
        PADDING,
        ACTIVATION,
    ),
)
REDUCE = OptionsTable("ReducerOptions", a.Reduce, (OptionField("keep_dims", "keepDims"),), optional=True)
SOFTMAX = OptionsTable("SoftmaxOptions", a.Softmax, (OptionField("beta", "beta"),))
CONCATENATION = OptionsTable(
    "ConcatenationOptions", a.Concatenation, (OptionField("axis", "axis"), ACTIVATION)
)
STRIDED_SLICE = OptionsTable(
    "StridedSliceOptions",
    a.StridedSlice,
    (
        OptionField("begin_mask", "beginMask"),
        OptionField("end_mask", "endMask"),
        OptionField("ellipsis_mask", "ellipsisMask"),
        OptionField("new_axis_mask", "newAxisMask"),
        OptionField("shrink_axis_mask", "shrinkAxisMask"),
    ),
    optional=True,
)
SPLIT = OptionsTable("SplitOptions", a.SplitOp, (OptionField("num_splits", "numSplits"),))
LEAKY_RELU = OptionsTable("LeakyReluOptions", a.LeakyRelu, (OptionField("alpha", "alpha"),))
RESIZE_NEAREST = OptionsTable(
    "ResizeNearestNeighborOptions",
    a.ResizeNearest,
    (OptionField("align_corners", "alignCorners"), OptionField("half_pixel_centers", "halfPixelCenters")),
    optional=True,
)
SPLIT_V = OptionsTable("SplitVOptions", a.SplitV, (OptionField("num_splits", "numSplits"),))
UNPACK = OptionsTable("UnpackOptions", a.Unpack, (OptionField("num", "num"), OptionField("axis", "axis")))
PACK = OptionsTable("PackOptions", a.Pack, (OptionField("num", "valuesCount"), OptionField("axis", "axis")))
GELU = OptionsTable("GeluOptions", a.Gelu, (OptionField("approximate", "approximate"),), optional=True)
RESIZE_BILINEAR = OptionsTable(
    "ResizeBilinearOptions",
    a.ResizeBilinear,
    (OptionField("align_corners", "alignCorners"), OptionField("half_pixel_centers", "halfPixelCenters")),
    optional=True,
)
TRANSPOSE_CONV = OptionsTable("TransposeConvOptions", a.TransposeConv, (*STRIDES, PADDING, ACTIVATION))
BATCH_MATMUL = OptionsTable(
    "BatchMatMulOptions",
    a.BatchMatMul,
    (OptionField("adj_x", "adjX"), OptionField("adj_y", "adjY")),
    optional=True,
)
SVDF = OptionsTable("SVDFOptions", a.Svdf, (OptionField("rank", "rank"), ACTIVATION))
SEQUENCE_LSTM = OptionsTable(
    "UnidirectionalSequenceLSTMOptions",
    a.SequenceLstm,
    (
        OptionField("activation_code", "fusedActivationFunction"),
        OptionField("cell_clip", "cellClip"),
        OptionField("projection_clip", "projClip"),
        OptionField("time_major", "timeMajor"),
    ),
)
VAR_HANDLE = OptionsTable(
    "VarHandleOptions",
    a.VarHandle,
    (OptionField("container", "container"), OptionField("shared_name", "sharedName")),
)
CALL_ONCE = OptionsTable("CallOnceOptions", a.CallOnce, (OptionField("init_subgraph", "initSubgraphIndex"),))


def _fused(options: str) -> OptionsTable:
    return OptionsTable(options, a.Binary, (ACTIVATION,), optional=True)


@dataclass(frozen=True)
class OpFormat:
    """A supported op; ``version`` is the int8 form that every interpreter registers."""

    version: int
    layout: OptionsTable | None = None

    @property
    def attrs(self) -> type[a.Attrs]:
        """The attribute class of the op in our graph."""
        return self.layout.attrs if self.layout else a.NoAttrs


OP_FORMATS: dict[str, OpFormat] = {
    "ADD": OpFormat(2, _fused("AddOptions")),
    "ARG_MAX": OpFormat(2),
    "ASSIGN_VARIABLE": OpFormat(1),
    "AVERAGE_POOL_2D": OpFormat(2, POOL),
    "BATCH_MATMUL": OpFormat(2, BATCH_MATMUL),
    "CONCATENATION": OpFormat(2, CONCATENATION),
    "CONV_2D": OpFormat(3, CONV),
    "DEPTHWISE_CONV_2D": OpFormat(3, DEPTHWISE),
    "DEQUANTIZE": OpFormat(2),
    "ELU": OpFormat(1),
    "EXPAND_DIMS": OpFormat(1),
    "FULLY_CONNECTED": OpFormat(4, FULLY_CONNECTED),
    "GELU": OpFormat(2, GELU),
    "HARD_SWISH": OpFormat(1),
    "LEAKY_RELU": OpFormat(2, LEAKY_RELU),
    "LOGISTIC": OpFormat(2),
    "LOG_SOFTMAX": OpFormat(2),
    "MAXIMUM": OpFormat(2, OptionsTable("MaximumMinimumOptions", a.Binary, (), optional=True)),
    "MAX_POOL_2D": OpFormat(2, POOL),
    "MEAN": OpFormat(2, REDUCE),
    "MINIMUM": OpFormat(2, OptionsTable("MaximumMinimumOptions", a.Binary, (), optional=True)),
    "MUL": OpFormat(2, _fused("MulOptions")),
    "PACK": OpFormat(2, PACK),
    "PAD": OpFormat(2),
    "PADV2": OpFormat(2),
    "PRELU": OpFormat(1),
    "QUANTIZE": OpFormat(1),
    "READ_VARIABLE": OpFormat(1),
    "REDUCE_MAX": OpFormat(2, REDUCE),
    "RELU": OpFormat(2),
    "RELU6": OpFormat(2),
    "RESHAPE": OpFormat(1),
    "RESIZE_BILINEAR": OpFormat(3, RESIZE_BILINEAR),
    "RESIZE_NEAREST_NEIGHBOR": OpFormat(2, RESIZE_NEAREST),
    "REVERSE_V2": OpFormat(3),
    "SOFTMAX": OpFormat(2, SOFTMAX),
    "SPLIT": OpFormat(2, SPLIT),
    "SPLIT_V": OpFormat(2, SPLIT_V),
    "SQUEEZE": OpFormat(1),
    "STRIDED_SLICE": OpFormat(2, STRIDED_SLICE),
    "SUB": OpFormat(2, _fused("SubOptions")),
    "SUM": OpFormat(2, REDUCE),
    "SVDF": OpFormat(3, SVDF),
    "TANH": OpFormat(2),
    "TILE": OpFormat(2),
    "TRANSPOSE": OpFormat(2),
    "TRANSPOSE_CONV": OpFormat(3, TRANSPOSE_CONV),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": OpFormat(3, SEQUENCE_LSTM),
    "UNPACK": OpFormat(2, UNPACK),
}

FILE_FORMATS = {
    "CALL_ONCE": OpFormat(1, CALL_ONCE),
    "GATHER": OpFormat(1, OptionsTable("GatherOptions", a.Axis, (OptionField("axis", "axis"),))),
    "REDUCE_PROD": OpFormat(1, REDUCE),
    "VAR_HANDLE": OpFormat(1, VAR_HANDLE),
}
"""Ops of files only: the reader turns them into states of the graph, or into constant shapes."""

OP_CODES: dict[str, int] = {kind: int(getattr(schema.BuiltinOperator, kind)) for kind in OP_FORMATS}
FILE_CODES: dict[str, int] = {kind: int(getattr(schema.BuiltinOperator, kind)) for kind in FILE_FORMATS}
OP_NAMES: dict[int, str] = {
    code: name for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int)
}
DTYPE_CODES: dict[DType, int] = {dtype: int(getattr(schema.TensorType, dtype.name)) for dtype in DType}
TYPE_NAMES: dict[int, str] = {
    code: name for name, code in vars(schema.TensorType).items() if isinstance(code, int)
}
