"""Graph -> canonical, minimal .tflite: the file that is delivered, with a size known before training.

Only data that interpreters need are written: no tensor names except ``input0``, ``output0``, ..., no min/max,
no metadata, no unused tensors; equal small integer parameters (axes, shapes, paddings) appear once. The
length depends only on shapes, options and the number of scales, never on values, so a shape-only graph
(zeros) and the trained one give files of the same size.
"""

from __future__ import annotations

from typing import Any

import flatbuffers
import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema

from micronas.model.graph import ABSENT, DType, Graph, Op, Quant, Tensor, state_updates
from micronas.model.op_attributes import Attrs, CallOnce, NoAttrs, VarHandle
from micronas.model.tflite.op_format import DTYPE_CODES, FILE_CODES, FILE_FORMATS, OP_CODES, OP_FORMATS

SCHEMA_VERSION = 3
_DATA_ALIGNMENT = 16
"""The schema's force_align of constants: kernels on the device read them in place."""


def write(graph: Graph) -> bytes:
    """``graph`` as a .tflite file with static batch 1; zeros for the constants of a shape-only graph."""
    return _Writer(graph).write()


class _Writer:
    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._builder = flatbuffers.Builder(4096)
        self._position = file_positions(graph)
        kept = {self._position[t]: t for t in reversed(list(self._position))}
        self._kept = [kept[p] for p in sorted(kept)]
        self._resources = [state for state in graph.states if state.variable]
        self._handles = {self._position[state.before]: state for state in self._resources}
        self._own_states = {state.before for state in graph.states if not state.variable}
        bookkeeping = {"CALL_ONCE", "VAR_HANDLE", "ASSIGN_VARIABLE"} if self._resources else set()
        self._kinds = sorted({op.kind for op in graph.ops} | bookkeeping)

    def write(self) -> bytes:
        codes = self._offsets(schema.ModelStartOperatorCodesVector, [self._code(k) for k in self._kinds])
        buffers = self._offsets(schema.ModelStartBuffersVector, self._buffers())
        parts = [self._subgraph(), *([self._initial_subgraph()] if self._resources else [])]
        subgraphs = self._offsets(schema.ModelStartSubgraphsVector, parts)
        schema.ModelStart(self._builder)
        schema.ModelAddVersion(self._builder, SCHEMA_VERSION)
        schema.ModelAddOperatorCodes(self._builder, codes)
        schema.ModelAddSubgraphs(self._builder, subgraphs)
        schema.ModelAddBuffers(self._builder, buffers)
        self._builder.Finish(schema.ModelEnd(self._builder), b"TFL3")
        return bytes(self._builder.Output())

    def _offsets(self, start: Any, offsets: list[int]) -> int:
        start(self._builder, len(offsets))
        for offset in reversed(offsets):
            self._builder.PrependUOffsetTRelative(offset)
        return int(self._builder.EndVector())

    def _vector(self, values: npt.NDArray[Any]) -> int:
        return int(self._builder.CreateNumpyVector(values))

    def _code(self, kind: str) -> int:
        number = (OP_CODES | FILE_CODES)[kind]
        schema.OperatorCodeStart(self._builder)
        # Readers use the larger of the two; old ones know only the one-byte field.
        schema.OperatorCodeAddDeprecatedBuiltinCode(self._builder, min(number, 127))
        schema.OperatorCodeAddBuiltinCode(self._builder, number)
        schema.OperatorCodeAddVersion(self._builder, (OP_FORMATS | FILE_FORMATS)[kind].version)
        return int(schema.OperatorCodeEnd(self._builder))

    def _buffers(self) -> list[int]:
        """Buffer 0 is the empty one of every activation, then one per constant and per variable."""
        constants = [_bytes_of(t) for t in self._constants()]
        return [
            self._buffer(None),
            *(self._buffer(data) for data in constants),
            *(self._buffer(state.initial.tobytes()) for state in self._resources),
        ]

    def _constants(self) -> list[Tensor]:
        kept = (self._graph.tensors[t] for t in self._kept)
        return [tensor for tensor in kept if tensor.is_constant]

    def _buffer(self, data: bytes | None) -> int:
        vector = self._aligned_bytes(data) if data is not None else None
        schema.BufferStart(self._builder)
        if vector is not None:
            schema.BufferAddData(self._builder, vector)
        return int(schema.BufferEnd(self._builder))

    def _aligned_bytes(self, data: bytes) -> int:
        builder = self._builder
        builder.StartVector(1, len(data), _DATA_ALIGNMENT)
        builder.head = builder.head - len(data)
        builder.Bytes[builder.Head() : builder.Head() + len(data)] = data
        return int(builder.EndVector())

    def _subgraph(self) -> int:
        graph, builder = self._graph, self._builder
        tensors = self._offsets(schema.SubGraphStartTensorsVector, self._tensors())
        inputs = self._vector(self._indices(graph.inputs))
        outputs = self._vector(self._indices(graph.outputs))
        written = [*self._set_up(), *(self._op(op) for op in graph.ops)]
        ops = self._offsets(schema.SubGraphStartOperatorsVector, written)
        schema.SubGraphStart(builder)
        schema.SubGraphAddTensors(builder, tensors)
        schema.SubGraphAddInputs(builder, inputs)
        schema.SubGraphAddOutputs(builder, outputs)
        schema.SubGraphAddOperators(builder, ops)
        return int(schema.SubGraphEnd(builder))

    def _set_up(self) -> list[int]:
        """CALL_ONCE of the subgraph that sets the variables, and their handles."""
        if not self._resources:
            return []
        once = self._bare_op("CALL_ONCE", [], [], CallOnce(1))
        handles = [
            self._bare_op("VAR_HANDLE", [], [position], VarHandle(b"", state.variable.encode()))
            for position, state in self._handles.items()
        ]
        return [once, *handles]

    def _initial_subgraph(self) -> int:
        """Assigns to each variable what it holds before the first run; handles first, then values."""
        builder, count, first = self._builder, len(self._resources), 1 + len(self._constants())
        tensors = [self._handle_tensor() for _ in self._resources]
        tensors += [self._tensor(state.before, first + i) for i, state in enumerate(self._resources)]
        ops = []
        for i, state in enumerate(self._resources):
            ops.append(self._bare_op("VAR_HANDLE", [], [i], VarHandle(b"", state.variable.encode())))
            ops.append(self._bare_op("ASSIGN_VARIABLE", [i, count + i], [], NoAttrs()))
        tensor_list = self._offsets(schema.SubGraphStartTensorsVector, tensors)
        nothing = self._vector(np.array([], np.int32))
        op_list = self._offsets(schema.SubGraphStartOperatorsVector, ops)
        schema.SubGraphStart(builder)
        schema.SubGraphAddTensors(builder, tensor_list)
        schema.SubGraphAddInputs(builder, nothing)
        schema.SubGraphAddOutputs(builder, nothing)
        schema.SubGraphAddOperators(builder, op_list)
        return int(schema.SubGraphEnd(builder))

    def _handle_tensor(self) -> int:
        shape = self._vector(np.array([], np.int32))
        schema.TensorStart(self._builder)
        schema.TensorAddShape(self._builder, shape)
        schema.TensorAddType(self._builder, schema.TensorType.RESOURCE)
        return int(schema.TensorEnd(self._builder))

    def _bare_op(self, kind: str, inputs: list[int], outputs: list[int], attrs: Attrs) -> int:
        """An op by positions in its subgraph."""
        builder, layout = self._builder, (OP_FORMATS | FILE_FORMATS)[kind].layout
        options = int(layout.encode(attrs).Pack(builder)) if layout else None
        in_vector, out_vector = (self._vector(np.array(v, np.int32)) for v in (inputs, outputs))
        schema.OperatorStart(builder)
        schema.OperatorAddOpcodeIndex(builder, self._kinds.index(kind))
        schema.OperatorAddInputs(builder, in_vector)
        schema.OperatorAddOutputs(builder, out_vector)
        if layout is not None:
            schema.OperatorAddBuiltinOptionsType(builder, layout.type_code)
            schema.OperatorAddBuiltinOptions(builder, options)
        return int(schema.OperatorEnd(builder))

    def _indices(self, tensors: tuple[int, ...]) -> npt.NDArray[np.int32]:
        return np.array([ABSENT if t == ABSENT else self._position[t] for t in tensors], np.int32)

    def _tensors(self) -> list[int]:
        offsets, next_buffer = [], 1
        for t in self._kept:
            if self._position[t] in self._handles:
                offsets.append(self._handle_tensor())
                continue
            is_constant = self._graph.tensors[t].is_constant
            offsets.append(self._tensor(t, next_buffer if is_constant else 0))
            next_buffer += is_constant
        return offsets

    def _tensor(self, t: int, buffer: int) -> int:
        tensor, builder = self._graph.tensors[t], self._builder
        name = self._name(t)
        name_offset = builder.CreateString(name) if name else None
        shape = self._vector(np.array(tensor.shape, np.int32))
        quant = self._quant(tensor.quant) if tensor.quant else None
        schema.TensorStart(builder)
        schema.TensorAddShape(builder, shape)
        schema.TensorAddType(builder, DTYPE_CODES[tensor.dtype])
        schema.TensorAddBuffer(builder, buffer)
        if name_offset is not None:
            schema.TensorAddName(builder, name_offset)
        if quant is not None:
            schema.TensorAddQuantization(builder, quant)
        if t in self._own_states:
            schema.TensorAddIsVariable(builder, True)
        return int(schema.TensorEnd(builder))

    def _name(self, t: int) -> str:
        if t in self._graph.inputs:
            return f"input{self._graph.inputs.index(t)}"
        if t in self._graph.outputs:
            return f"output{self._graph.outputs.index(t)}"
        return ""

    def _quant(self, quant: Quant) -> int:
        builder = self._builder
        scale = self._vector(np.array(quant.scale, np.float32))
        zero_point = self._vector(np.array(quant.zero_point, np.int64))
        schema.QuantizationParametersStart(builder)
        schema.QuantizationParametersAddScale(builder, scale)
        schema.QuantizationParametersAddZeroPoint(builder, zero_point)
        schema.QuantizationParametersAddQuantizedDimension(builder, quant.axis)
        return int(schema.QuantizationParametersEnd(builder))

    def _op(self, op: Op) -> int:
        builder = self._builder
        options = self._options(op)
        changed = {after for _, after in state_updates(op)}  # in a file, such an op writes its input
        inputs = self._vector(self._indices(op.inputs))
        outputs = self._vector(self._indices(tuple(t for t in op.outputs if t not in changed)))
        schema.OperatorStart(builder)
        schema.OperatorAddOpcodeIndex(builder, self._kinds.index(op.kind))
        schema.OperatorAddInputs(builder, inputs)
        schema.OperatorAddOutputs(builder, outputs)
        if options is not None:
            schema.OperatorAddBuiltinOptionsType(builder, options[0])
            schema.OperatorAddBuiltinOptions(builder, options[1])
        return int(schema.OperatorEnd(builder))

    def _options(self, op: Op) -> tuple[int, int] | None:
        layout = OP_FORMATS[op.kind].layout
        if layout is not None:
            return layout.type_code, int(layout.encode(op.attrs).Pack(self._builder))
        derived = _derived_options(self._graph, op)
        if derived is None:
            return None
        name = type(derived).__name__.removesuffix("T")
        return int(getattr(schema.BuiltinOptions, name)), int(derived.Pack(self._builder))


def _derived_options(graph: Graph, op: Op) -> Any:
    """Options that follow from shapes; None for an op without any."""
    assert isinstance(op.attrs, NoAttrs)
    output = graph.tensors[op.outputs[0]]
    if op.kind == "RESHAPE" and len(op.inputs) == 1:
        reshape = schema.ReshapeOptionsT()
        reshape.newShape = np.array(output.shape, np.int32)
        return reshape
    if op.kind == "SQUEEZE":
        squeeze = schema.SqueezeOptionsT()
        squeeze.squeezeDims = np.array(
            squeezed_dims(graph.tensors[op.inputs[0]].shape, output.shape), np.int32
        )
        return squeeze
    if op.kind == "ARG_MAX":
        arg_max = schema.ArgMaxOptionsT()
        arg_max.outputType = DTYPE_CODES[output.dtype]
        return arg_max
    return None


def squeezed_dims(source: tuple[int, ...], result: tuple[int, ...]) -> list[int]:
    """Positions of the 1s that SQUEEZE drops; of several possibilities, the first matching 1s are kept."""
    dropped, kept = [], 0
    for position, dim in enumerate(source):
        if kept < len(result) and result[kept] == dim:
            kept += 1
        else:
            dropped.append(position)
    return dropped


def file_positions(graph: Graph) -> dict[int, int]:
    """Tensor index in the graph -> in the file, in order of use; equal parameters share one."""
    order = [*graph.inputs]
    for op in graph.ops:
        order += [t for t in (*op.inputs, *op.outputs) if t != ABSENT]
    positions: dict[int, int] = {}
    same: dict[object, int] = {}
    held = _state_of(graph)
    for t in dict.fromkeys(order):
        key = _parameter_key(graph.tensors[t]) or held.get(t, t)
        positions[t] = same.setdefault(key, len(same))
    return positions


def _state_of(graph: Graph) -> dict[int, int]:
    """Every tensor of a state -> the state's first one: in a file they are one."""
    first = {state.before: state.before for state in graph.states}
    for op in graph.ops:
        first.update({after: first[before] for before, after in state_updates(op)})
    return first


def _parameter_key(tensor: Tensor) -> object | None:
    """The identity of an axes, shape or padding tensor; None for weights and activations."""
    is_parameter = tensor.is_constant and tensor.quant is None and tensor.dtype is DType.INT32
    if not is_parameter or tensor.data is None:
        return None
    return tensor.shape, tensor.data.tobytes()


def _bytes_of(tensor: Tensor) -> bytes:
    if tensor.data is None:
        return bytes(tensor.nbytes)
    return np.ascontiguousarray(tensor.data, np.dtype(tensor.dtype.value).newbyteorder("<")).tobytes()
