"""The arena that TFLite Micro would need for a graph, for users who deploy with it and for comparison.

Its head is a greedy plan (largest first, first fit, 16-byte units) that this module repeats exactly. Its tail
holds the interpreter's own structures: eval tensors, nodes, each kernel's data, quantization parameters per
channel. The tail and the temporary memory of initialisation are a model of the sizes that the 64-bit host
build (PyPI ``tflite-micro``) allocates; tests compare it with that build. A 32-bit target has smaller
pointers and needs less, so the figure is conservative there; CMSIS-NN kernels add their scratch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from micronas.errors import ModelError
from micronas.memory.plan.arena_plan import Plan, Span
from micronas.memory.plan.blocks import MemoryBlock, lower_bound, taken_bytes
from micronas.memory.plan.place import height, place_by_size
from micronas.model.graph import ABSENT, Graph, Op, state_updates
from micronas.model.op_attributes import BatchMatMul
from micronas.model.tflite.decode import decode
from micronas.model.tflite.writer import file_positions, write

_UNIT = 16
_FIXED_TAIL = 512
_EVAL_TENSOR = 24
_PERSISTENT_TENSOR = 72
_PERSISTENT_QUANT = 32
_ALLOCATION_INFO = 32
_PLANNED_BUFFER = 40
_CHANNEL_TEMPORARY = 12
_FOLDED_OP = 224
"""At most, with its result: an op that computes with shapes, which TFLite Micro runs and the graph lacks."""
_VARIABLE_TAIL = 296
"""Handle, record and initial assignment of one variable, its value apart."""
_VARIABLES_FIXED = 192
"""CALL_ONCE and its subgraph."""
_VARIABLES = frozenset({"CALL_ONCE", "VAR_HANDLE"})
_CHANNEL_KINDS = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV"})
_REDUCTIONS = frozenset({"MEAN", "SUM", "REDUCE_MAX"})


@dataclass(frozen=True)
class KindBytes:
    """Bytes of one op in the tail (node, options and kernel data), and temporary bytes to prepare it."""

    tail: int
    temporary: int


KIND_BYTES: dict[str, KindBytes] = {
    "ADD": KindBytes(152, 248),
    "ARG_MAX": KindBytes(72, 200),
    "ASSIGN_VARIABLE": KindBytes(72, 320),
    "AVERAGE_POOL_2D": KindBytes(144, 160),
    "BATCH_MATMUL": KindBytes(160, 400),
    "CONCATENATION": KindBytes(160, 256),
    "CONV_2D": KindBytes(192, 640),
    "DEPTHWISE_CONV_2D": KindBytes(192, 640),
    "DEQUANTIZE": KindBytes(112, 152),
    "ELU": KindBytes(320, 248),
    "EXPAND_DIMS": KindBytes(72, 224),
    "FULLY_CONNECTED": KindBytes(184, 400),
    "HARD_SWISH": KindBytes(96, 248),
    "LEAKY_RELU": KindBytes(112, 248),
    "LOGISTIC": KindBytes(96, 248),
    "LOG_SOFTMAX": KindBytes(104, 248),
    "MAXIMUM": KindBytes(72, 160),
    "MAX_POOL_2D": KindBytes(144, 160),
    "MEAN": KindBytes(136, 464),
    "MINIMUM": KindBytes(72, 160),
    "MUL": KindBytes(120, 248),
    "PACK": KindBytes(72, 168),
    "PAD": KindBytes(136, 216),
    "PADV2": KindBytes(128, 320),
    "PRELU": KindBytes(104, 256),
    "QUANTIZE": KindBytes(112, 152),
    "READ_VARIABLE": KindBytes(72, 320),
    "REDUCE_MAX": KindBytes(136, 464),
    "RELU": KindBytes(112, 248),
    "RELU6": KindBytes(80, 248),
    "RESHAPE": KindBytes(112, 168),
    "RESIZE_BILINEAR": KindBytes(72, 232),
    "RESIZE_NEAREST_NEIGHBOR": KindBytes(72, 232),
    "REVERSE_V2": KindBytes(72, 232),
    "SOFTMAX": KindBytes(160, 160),
    "SPLIT": KindBytes(72, 168),
    "SPLIT_V": KindBytes(72, 168),
    "SQUEEZE": KindBytes(112, 160),
    "STRIDED_SLICE": KindBytes(184, 352),
    "SUB": KindBytes(136, 256),
    "SUM": KindBytes(136, 464),
    "SVDF": KindBytes(136, 560),
    "TANH": KindBytes(96, 248),
    "TRANSPOSE": KindBytes(72, 224),
    "TRANSPOSE_CONV": KindBytes(192, 640),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": KindBytes(816, 1600),
    "UNPACK": KindBytes(72, 168),
}


UNKNOWN_TO_TFLM = frozenset({"GELU", "TILE"})
"""Ops that we run and TensorFlow Lite Micro has no kernel for."""


@dataclass(frozen=True)
class TflmArena:
    """Predicted bytes, 64-bit host build. ``plan`` is the head's layout; its ``arena_bytes`` are the head."""

    plan: Plan
    tail_bytes: int
    temporary_bytes: int

    @property
    def total_bytes(self) -> int:
        """The smallest arena that initialises and runs: temporaries and head share the same end."""
        return self.tail_bytes + max(self.plan.arena_bytes, self.temporary_bytes)


@dataclass(frozen=True)
class StoredFile:
    """A .tflite file as TFLite Micro has it in flash: bytes, tensors and ops, unused ones included.

    ``positions`` are the places of the graph's tensors in it.
    """

    nbytes: int
    tensors: int
    ops: int
    positions: Mapping[int, int]


def stored_as(graph: Graph) -> StoredFile:
    """The file that ``tflite.writer`` makes of ``graph``."""
    positions = file_positions(graph)
    return StoredFile(len(write(graph)), len(set(positions.values())), len(graph.ops), positions)


def stored_file(data: bytes) -> StoredFile:
    """The file ``data``, whose graph keeps the numbers of its tensors. Raises ``ModelError``."""
    model = decode(data)
    tensors = len(model.tensors)
    ops = sum(op.kind not in _VARIABLES for op in model.ops)
    return StoredFile(len(data), tensors, ops, {t: t for t in range(tensors)})


def tflm_arena_bytes(graph: Graph) -> int:
    """Predicted arena of TFLite Micro for ``graph`` as ``tflite.writer`` writes it (64-bit host build)."""
    return tflm_arena(graph).total_bytes


def tflm_arena(graph: Graph, stored: StoredFile | None = None) -> TflmArena:
    """The prediction, itemised, for the file that ``graph`` was read from (default: the canonical one).

    Raises ``ModelError`` for an op that TensorFlow Lite Micro does not have.
    """
    for i, op in enumerate(graph.ops):
        if op.kind in UNKNOWN_TO_TFLM:
            raise ModelError(
                f"op {i} ({op.kind}): TensorFlow Lite Micro has no kernel for it",
                remedy="run the network without --runtime tflm",
            )
    stored = stored or stored_as(graph)
    plan = _greedy_plan(graph, stored.positions)
    folded = max(0, stored.ops - len(graph.ops)) * _FOLDED_OP
    return TflmArena(
        plan, _tail_bytes(graph, stored.tensors) + folded, _temporary_bytes(graph, plan, stored.tensors)
    )


def _greedy_plan(graph: Graph, positions: Mapping[int, int]) -> Plan:
    order = tuple(range(len(graph.ops)))
    # Among equal sizes, the later buffer goes first, and scratch follows all tensors.
    blocks = (_tensor_blocks(graph, positions) + _scratch_blocks(graph))[::-1]
    offsets = place_by_size(blocks)
    spans = tuple(
        Span(offset, block.size, block.start, block.end - 1, block.values, block.scratch_of)
        for block, offset in zip(blocks, offsets, strict=True)
    )
    taken = taken_bytes(blocks)
    peak = taken.index(max(taken))
    return Plan(
        order=order,
        offsets={span.tensors[0]: span.offset for span in spans if span.tensors},
        scratch_offsets={span.scratch_of: span.offset for span in spans if span.scratch_of is not None},
        spans=spans,
        arena_bytes=height(blocks, offsets),
        bound_bytes=lower_bound(blocks),
        peak_op=order[peak - 1] if 1 <= peak <= len(order) else None,
    )


def _tensor_blocks(graph: Graph, positions: Mapping[int, int]) -> tuple[MemoryBlock, ...]:
    """Activations in the file's order."""
    first, last = dict.fromkeys(graph.inputs, 0), dict.fromkeys(graph.inputs, 0)
    for i, op in enumerate(graph.ops):
        last.update(dict.fromkeys((*graph.activation_inputs(op), *op.outputs), i + 1))
        first.update(dict.fromkeys(op.outputs, i + 1))
    last.update(dict.fromkeys(graph.outputs, len(graph.ops) + 1))
    return tuple(
        MemoryBlock(first[t], (_units(graph.tensors[t].nbytes),) * (last[t] - first[t] + 1), values=(t,))
        for t in sorted(set(graph.activations) - _state_tensors(graph), key=lambda t: positions[t])
    )


def _state_tensors(graph: Graph) -> set[int]:
    """Every tensor of a variable: its memory is not in the plan."""
    changed = (t for op in graph.ops for pair in state_updates(op) for t in pair)
    return {*changed, *(state.before for state in graph.states)}


def _scratch_blocks(graph: Graph) -> tuple[MemoryBlock, ...]:
    return tuple(
        MemoryBlock(i + 1, (_units(size),), scratch_of=i)
        for i, op in enumerate(graph.ops)
        for size in _scratch_sizes(graph, op)
    )


def _scratch_sizes(graph: Graph, op: Op) -> tuple[int, ...]:
    """Buffers of int32: sums of the output's elements, and for reductions input dimensions and axes.

    An LSTM has four of int16, one for each gate.
    """
    if op.kind == "UNIDIRECTIONAL_SEQUENCE_LSTM":
        return (graph.tensors[op.inputs[19]].nbytes,) * 4
    sums = (4 * graph.tensors[op.outputs[0]].elements,)
    if op.kind == "TRANSPOSE_CONV":
        return sums
    if op.kind == "SVDF":
        return (4 * graph.tensors[op.inputs[1]].shape[0], *sums)
    if op.kind not in _REDUCTIONS:
        return ()
    axes = (4 * len(graph.tensors[op.inputs[0]].shape), graph.tensors[op.inputs[1]].nbytes)
    return axes if op.kind == "REDUCE_MAX" else sums + axes


def _tail_bytes(graph: Graph, tensors: int) -> int:
    ends = [graph.tensors[t] for t in (*graph.inputs, *graph.outputs)]
    persistent = sum(_PERSISTENT_TENSOR + (_PERSISTENT_QUANT if t.quant else 0) for t in ends)
    ops = sum(KIND_BYTES[op.kind].tail + 2 * _units(4 * _kernel_channels(graph, op)) for op in graph.ops)
    copies = sum(_transposed_bytes(graph, op) for op in graph.ops)
    held = _variable_bytes(graph)
    return _units(_FIXED_TAIL + _EVAL_TENSOR * tensors + persistent + ops + copies + held)


def _variable_bytes(graph: Graph) -> int:
    held = sum(_units(state.initial.nbytes) for state in graph.states)
    variables = sum(bool(state.variable) for state in graph.states)
    return held + (_VARIABLES_FIXED + _VARIABLE_TAIL * variables if variables else 0)


def _transposed_bytes(graph: Graph, op: Op) -> int:
    """What BATCH_MATMUL keeps of its operands: a first that is transposed, a second that is not."""
    if not isinstance(op.attrs, BatchMatMul):
        return 0
    wanted = (op.attrs.adj_x, not op.attrs.adj_y)
    kept = [graph.tensors[t] for t, keeps in zip(op.inputs, wanted, strict=True) if keeps]
    sizes = [(_EVAL_TENSOR, 4 + 4 * len(tensor.shape), tensor.nbytes) for tensor in kept]
    return sum(_units(size) for each in sizes for size in each)


def _kernel_channels(graph: Graph, op: Op) -> int:
    """Channels for which the kernel keeps a multiplier and a shift: a dense layer only if it has several."""
    if op.kind not in _CHANNEL_KINDS:
        return 0
    if op.kind == "FULLY_CONNECTED" and _scales(graph, op) == 1:
        return 0
    return graph.tensors[op.outputs[0]].shape[-1]


def _temporary_bytes(graph: Graph, plan: Plan, tensors: int) -> int:
    """The larger of planning (records of every tensor and buffer) and preparing the most demanding op.

    A state has one record more than the tensors of the file: its variable. Preparing took up to 16 bytes more
    with a state, in every random network tried.
    """
    records = tensors + len(graph.states) + sum(span.scratch_of is not None for span in plan.spans)
    planning = _ALLOCATION_INFO * records + _PLANNED_BUFFER * len(plan.spans)
    preparing = (KIND_BYTES[op.kind].temporary + _CHANNEL_TEMPORARY * _scales(graph, op) for op in graph.ops)
    return _units(max(planning, *preparing)) + _UNIT * len(graph.states)


def _scales(graph: Graph, op: Op) -> int:
    """Scales of the weights; 0 for an op without."""
    if op.kind not in _CHANNEL_KINDS or op.inputs[1] == ABSENT:
        return 0
    quant = graph.tensors[op.inputs[1]].quant
    return len(quant.scale) if quant else 0


def _units(size: int) -> int:
    return -(-size // _UNIT) * _UNIT
