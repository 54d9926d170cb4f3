"""Memory demand over time: tensors grouped into values, and each op's demand.

A *value* is one stretch of memory: a tensor together with the outputs of the copies (RESHAPE, SQUEEZE, ...)
that share its bytes. ``Demand`` holds everything about one op that order and placement need, so neither uses
the graph. Sets of ops are bit masks.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from micronas.codegen.lowering import Lowered
from micronas.model.graph import ABSENT, Graph, state_updates

TENSOR_ALIGNMENT = 4
"""Kernels with the DSP extension load four int8 at once, and LDRD and LDM fault unless word-aligned.

No load of a supported core needs more, so TFLite Micro's 16 would only add padding.
"""

NEVER = 2**40
"""A distance larger than any arena."""


_Reads: TypeAlias = Sequence[tuple[int, ...]]
"""The arena tensors that each op reads."""


def aligned(size: int) -> int:
    """``size`` rounded up to the tensor alignment."""
    return -(-size // TENSOR_ALIGNMENT) * TENSOR_ALIGNMENT


@dataclass(frozen=True)
class Buffer:
    """Tensors that share memory. ``producer`` is the op that writes it, None for a graph input or a state.

    ``readers`` are the ops that touch it after its producer, ``reader_set`` the same as a bit mask.
    """

    tensors: tuple[int, ...]
    size: int
    producer: int | None
    readers: tuple[int, ...]
    reader_set: int
    is_output: bool


@dataclass(frozen=True)
class Trail:
    """A source that an output may overlap if it starts at least ``before`` bytes before or ``after`` bytes
    after it.

    ``source`` is a value, or a block after blocks are built. A distance of ``NEVER`` excludes its side.
    """

    source: int
    before: int
    after: int

    def shared_bytes(self, source_size: int, size: int) -> int:
        """Maximum bytes of an output of ``size`` that overlap the source."""
        ahead = min(source_size, size - self.before)
        behind = min(size, source_size - self.after)
        return max(0, ahead, behind)


@dataclass(frozen=True)
class Demand:
    """One op: values read and written (by index), scratch, and how its output may share inputs' memory.

    It may take over a value of ``takeover`` completely, or overlap the one in ``trail``.
    """

    reads: tuple[int, ...]
    writes: tuple[int, ...]
    scratch: int
    takeover: tuple[int, ...]
    needs: int
    trail: Trail | None = None


@dataclass(frozen=True)
class AllocationProblem:
    """A planning problem: ``values`` and, for each op, its ``demands`` and the ops that read its outputs."""

    values: tuple[Buffer, ...]
    demands: tuple[Demand, ...]
    followers: tuple[tuple[int, ...], ...]

    @functools.cached_property
    def _own_bytes(self) -> tuple[int, ...]:
        """What each op writes and takes as scratch, if it shares no memory."""
        return tuple([sum([self.values[v].size for v in d.writes]) + d.scratch for d in self.demands])

    def is_live(self, value: int, done: int) -> bool:
        """Whether a value's memory is needed once the ops in ``done`` have run."""
        v = self.values[value]
        born = v.producer is None or done >> v.producer & 1
        return bool(born) and (v.is_output or v.reader_set & done != v.reader_set)

    def live_bytes(self, done: int) -> int:
        """Bytes of all live values between two ops."""
        return sum(v.size for i, v in enumerate(self.values) if self.is_live(i, done))

    def growth(self, op: int, done: int) -> int:
        """Change of the live bytes by ``op`` run after ``done``: bytes written minus bytes that die."""
        demand, after = self.demands[op], done | 1 << op
        born = sum([self.values[v].size for v in demand.writes if self.is_live(v, after)])
        return born - sum([self.values[v].size for v in demand.reads if not self.is_live(v, after)])

    def taken_over(self, op: int, done: int) -> int | None:
        """The value whose memory ``op`` writes its output to when it runs after ``done``, if any.

        Of several, the one that holds most of the output. Then an op run earlier, which lets more values die
        here, never makes this one need more.
        """
        demand, after = self.demands[op], done | 1 << op
        if not demand.takeover:
            return None
        dying = [value for value in demand.takeover if not self.is_live(value, after)]
        if not dying:
            return None
        size = self.values[demand.writes[0]].size
        return max(dying, key=lambda value: min(self.values[value].size, size))

    def trailed(self, op: int, done: int) -> Trail | None:
        """How the output of ``op`` may overlap an input when it runs after ``done``, if at all."""
        trail = self.demands[op].trail
        return None if trail is None or self.is_live(trail.source, done | 1 << op) else trail

    def shared_bytes(self, op: int, done: int) -> int:
        """Maximum bytes that ``op``, run after ``done``, can write to memory of its inputs."""
        demand = self.demands[op]
        if not demand.takeover and demand.trail is None:
            return 0
        source = self.taken_over(op, done)
        if source is not None:
            return min(self.values[source].size, self.values[demand.writes[0]].size)
        trail = self.trailed(op, done)
        if trail is None:
            return 0
        return trail.shared_bytes(self.values[trail.source].size, self.values[demand.writes[0]].size)

    def extra_bytes(self, op: int, done: int) -> int:
        """Bytes that ``op`` needs in addition to those live before it."""
        return self._own_bytes[op] - self.shared_bytes(op, done)


def make_problem(graph: Graph, lowered: Sequence[Lowered]) -> AllocationProblem:
    """The planning problem of ``graph``; ``lowered`` gives scratch, copies and in-place inputs.

    The last one is kept: its lower bound is asked for first, then its plan.
    """
    return _problem(graph, tuple(lowered))


@functools.lru_cache(maxsize=1)
def _problem(graph: Graph, lowered: tuple[Lowered, ...]) -> AllocationProblem:
    reads = [graph.activation_inputs(op) for op in graph.ops]
    root = _shared_roots(graph, lowered, reads)
    members: dict[int, list[int]] = {}
    for t in graph.activations:
        members.setdefault(root[t], []).append(t)
    index = {t: i for i, group in enumerate(members.values()) for t in group}
    producer = _value_producers(graph, index)
    readers = _value_readers(graph, index, producer, reads)
    outputs = {*graph.outputs, *(state.before for state in graph.states)}  # a state lives for good
    values = tuple(
        Buffer(
            tensors=tuple(group),
            size=max(aligned(graph.tensors[t].nbytes) for t in group),
            producer=producer.get(i),
            readers=tuple(readers[i]),
            reader_set=_bit_mask(readers[i]),
            is_output=not outputs.isdisjoint(group),
        )
        for i, group in enumerate(members.values())
    )
    maker = {t: i for i, op in enumerate(graph.ops) for t in op.outputs}
    demands = tuple([_demand(graph, low, reads[low.op_index], index, producer, maker) for low in lowered])
    followers = _followers(reads, maker)
    if graph.states:
        demands, followers = _after_readers(graph, index, demands, followers)
    return AllocationProblem(values, demands, followers)


def _after_readers(
    graph: Graph, index: dict[int, int], demands: tuple[Demand, ...], followers: tuple[tuple[int, ...], ...]
) -> tuple[tuple[Demand, ...], tuple[tuple[int, ...], ...]]:
    """An op that changes a state needs all earlier ops that touch its memory."""
    touched = [{index[t] for t in (*graph.activation_inputs(op), *op.outputs)} for op in graph.ops]
    needs, after = [d.needs for d in demands], [dict.fromkeys(each) for each in followers]
    for i, op in enumerate(graph.ops):
        for before, _ in state_updates(op):
            for j in (j for j in range(i) if index[before] in touched[j]):
                needs[i] |= 1 << j
                after[j][i] = None
    changed = tuple(replace(d, needs=n) for d, n in zip(demands, needs, strict=True))
    return changed, tuple(tuple(each) for each in after)


def _bit_mask(ops: Iterable[int]) -> int:
    mask = 0
    for op in ops:
        mask |= 1 << op
    return mask


def _followers(reads: _Reads, maker: dict[int, int]) -> tuple[tuple[int, ...], ...]:
    """For each op the ops that read one of its outputs."""
    followers: list[dict[int, None]] = [{} for _ in reads]
    for i, sources in enumerate(reads):
        for t in sources:
            if t in maker:
                followers[maker[t]][i] = None
    return tuple(map(tuple, followers))


def _shared_roots(graph: Graph, lowered: Sequence[Lowered], reads: _Reads) -> dict[int, int]:
    """For each activation, the first tensor with the same bytes."""
    root = {t: t for t in graph.activations}
    for op, low, sources in zip(graph.ops, lowered, reads, strict=True):
        if low.is_copy and len(sources) == 1 and len(op.outputs) == 1:
            root[op.outputs[0]] = root[sources[0]]
        for before, after in state_updates(op):
            root[after] = root[before]
    return root


def _value_producers(graph: Graph, index: dict[int, int]) -> dict[int, int]:
    """Value -> the first op that writes it; values of inputs and states are not included."""
    producer: dict[int, int] = {}
    inputs = {index[t] for t in graph.sources}
    for i, op in enumerate(graph.ops):
        for t in op.outputs:
            if index[t] not in inputs:
                producer.setdefault(index[t], i)
    return producer


def _value_readers(
    graph: Graph, index: dict[int, int], producer: dict[int, int], reads: _Reads
) -> list[list[int]]:
    """Value -> the ops that touch it after its producer."""
    readers: list[list[int]] = [[] for _ in range(max(index.values()) + 1)]
    for i, (op, sources) in enumerate(zip(graph.ops, reads, strict=True)):
        for value in {index[t] for t in (*sources, *op.outputs)}:
            if producer.get(value) != i:
                readers[value].append(i)
    return readers


def _demand(
    graph: Graph,
    low: Lowered,
    sources: tuple[int, ...],
    index: dict[int, int],
    producer: dict[int, int],
    maker: dict[int, int],
) -> Demand:
    op = graph.ops[low.op_index]
    written = [index[t] for t in op.outputs]
    writes = tuple(dict.fromkeys([value for value in written if producer.get(value) == low.op_index]))
    return Demand(
        reads=tuple(dict.fromkeys([index[t] for t in sources])),
        writes=writes,
        scratch=aligned(low.scratch_bytes),
        takeover=_takeover(graph, low, sources, index) if writes else (),
        needs=_bit_mask([maker[t] for t in sources if t in maker]),
        trail=_trail(low, sources, op.outputs, index) if writes else None,
    )


def _takeover(graph: Graph, low: Lowered, tensors: tuple[int, ...], index: dict[int, int]) -> tuple[int, ...]:
    """Values whose memory the output may take over: inputs without a second view that the op reads."""
    if not low.in_place:
        return ()
    op = graph.ops[low.op_index]
    candidates = [op.inputs[p] for p in low.in_place if op.inputs[p] != ABSENT]
    return tuple(
        dict.fromkeys(
            index[t]
            for t in candidates
            if not graph.tensors[t].is_constant and sum(index[u] == index[t] for u in tensors) == 1
        )
    )


def _trail(
    low: Lowered, sources: tuple[int, ...], outputs: tuple[int, ...], index: dict[int, int]
) -> Trail | None:
    """How the output may overlap the op's only activation."""
    if len(sources) != 1 or len(outputs) != 1 or (low.lead_bytes is None and low.lag_bytes is None):
        return None
    before, after = (NEVER if d is None else aligned(d) for d in (low.lead_bytes, low.lag_bytes))
    return Trail(index[sources[0]], before, after)
