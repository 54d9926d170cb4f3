"""The exact cost of every choice of a backbone, from the lowering and the planner and not from a model.

The relaxed costs of a differentiable search are expectations over these tables, so for a one-hot choice they
equal the bytes of the ledger, for all kernels of the code generator. A table is filled by lowering and
planning each block alone. That is exact for constants and operations, and for SRAM because a backbone is a
chain: while a block runs, only its own tensors are live.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from micronas.codegen.lowering import Target
from micronas.codegen.lowering.lower import lower_graph
from micronas.codegen.lowering.sizes import constant_items, item_bytes
from micronas.latency.op_model import BoardLatency
from micronas.memory.plan import plan_memory
from micronas.memory.plan.free_scratch import use_free_bytes
from micronas.model.graph import Graph
from micronas.model.net import Conv, Dense, GlobalAveragePool, Net, NetBuilder, SoftmaxLayer, shape_graph
from micronas.space.extent import Plane
from micronas.space.layerwise import Block
from micronas.space.layerwise.decode import add_block
from micronas.strategy.dnas.backbone import ChoiceBackbone, Slot

Floats = npt.NDArray[np.float64]

CONSTANT_BYTES, SRAM_BYTES, MACS, MS = 0, 1, 2, 3
"""Last axis of every table."""

_WRITTEN = MS  # until the throughput is known
_Cost: TypeAlias = tuple[int, int, int, float]


@dataclass(frozen=True, eq=False)
class CostTables:
    """float64 tables of (constants in bytes, live tensors and scratch in bytes, MACs, predicted ms).

    ``stem`` (kernels, widths, 4); ``slots[i]`` (candidates, widths read, widths, 4); ``head``
    (widths read, 4): global pooling, dense layer and softmax. ``base_bytes`` are the constants that every
    network has.
    """

    stem: Floats
    slots: tuple[Floats, ...]
    head: Floats
    base_bytes: int


@dataclass(frozen=True)
class Costs:
    """Costs of one network, or limits: constants in flash, peak of live bytes, multiply-accumulates.

    ``ms`` is predicted, 0 if no ``MacThroughput`` is known.
    """

    constant_bytes: float
    sram_bytes: float
    macs: float
    ms: float = math.inf


@dataclass(frozen=True)
class MacThroughput:
    """Predicted milliseconds per multiply-accumulate and per activation value written."""

    per_mac: float
    per_value: float

    def ms(self, macs: int, values: int) -> float:
        """Predicted milliseconds of a network."""
        return self.per_mac * macs + self.per_value * values


NO_THROUGHPUT = MacThroughput(0.0, 0.0)


def values_written(graph: Graph) -> int:
    """Elements of all outputs: the time of pooling, adding and requantization grows with them."""
    return sum(graph.tensors[op.outputs[0]].elements for op in graph.ops)


@dataclass(frozen=True)
class _BlockTimer:
    """Modelled milliseconds of a block in a network whose arena has at least ``arena_bytes``.

    What the block leaves free of that is its scratch for larger steps, as in the firmware. There, the free
    bytes may lie in several pieces, and a larger arena leaves more of them.
    """

    latency: BoardLatency
    arena_bytes: int

    def ms(self, net: Net, target: Target) -> float:
        graph = shape_graph(net)
        lowered = lower_graph(graph, target)
        lowered, _ = use_free_bytes(lowered, plan_memory(graph, lowered), self.arena_bytes)
        return self.latency.of(graph, lowered, trained=False).ms


def _least_arena_bytes(tables: CostTables) -> int:
    """What every network of the backbone needs: its arena is the peak over its blocks."""
    return int(max(table[..., SRAM_BYTES].min() for table in (tables.stem, *tables.slots, tables.head)))


def make_cost_tables(
    backbone: ChoiceBackbone,
    target: Target,
    speed: MacThroughput = NO_THROUGHPUT,
    latency: BoardLatency | None = None,
) -> CostTables:
    """Lower and plan every choice of ``backbone``; takes about a second.

    Milliseconds are those of the board's timing model if there is a ``latency``, otherwise by ``speed``.
    """
    exact = _exact_tables(backbone, target, None)
    if latency is not None:
        return _exact_tables(backbone, target, _BlockTimer(latency, _least_arena_bytes(exact)))
    return CostTables(
        stem=_timed(exact.stem, speed),
        slots=tuple(_timed(table, speed) for table in exact.slots),
        head=_timed(exact.head, speed),
        base_bytes=exact.base_bytes,
    )


def _timed(table: Floats, speed: MacThroughput) -> Floats:
    """``table`` with milliseconds in place of the values written."""
    ms = speed.per_mac * table[..., MACS] + speed.per_value * table[..., _WRITTEN]
    return np.concatenate([table[..., :MS], ms[..., np.newaxis]], axis=-1)


def _exact_tables(backbone: ChoiceBackbone, target: Target, timer: _BlockTimer | None) -> CostTables:
    last, kernels = backbone.slots[-1], tuple(range(len(backbone.stem_windows)))
    return CostTables(
        stem=_table((kernels, backbone.stem_widths), _stem_cost(backbone, target, timer)),
        slots=tuple(_slot_table(slot, target, timer) for slot in backbone.slots),
        head=_table(
            (last.widths,),
            lambda width: _net_cost(_head(backbone.last_plane, width, backbone.n_classes), target, timer),
        ),
        base_bytes=_base_bytes(target),
    )


def net_costs(net: Net, target: Target) -> Costs:
    """Exact costs of a whole network, from one lowering and one plan."""
    constants, live, macs, _ = _net_cost(net, target)
    return Costs(constants + _base_bytes(target), live, macs, ms=0.0)


def _table(axes: tuple[tuple[int, ...], ...], cost: Callable[..., _Cost]) -> Floats:
    shape = tuple(len(axis) for axis in axes)
    table = np.empty((*shape, 4))
    for index in np.ndindex(shape):
        table[index] = cost(*(axis[i] for axis, i in zip(axes, index, strict=True)))
    return table


def _stem_cost(
    backbone: ChoiceBackbone, target: Target, timer: _BlockTimer | None
) -> Callable[[int, int], _Cost]:
    def cost(kernel: int, width: int) -> _Cost:
        stem = Conv(width, *backbone.stem_windows[kernel], *backbone.stem_step)
        return _net_cost(NetBuilder(backbone.input_shape).chain(stem).build(), target, timer)

    return cost


def _slot_table(slot: Slot, target: Target, timer: _BlockTimer | None) -> Floats:
    def cost(candidate: int, reads: int, width: int) -> _Cost:
        block = slot.block(candidate, width)
        constants, live, macs, written = _block_cost(slot.plane, reads, block, target)
        if timer is None:
            return constants, live, macs, written
        return constants, live, macs, timer.ms(_block_net(slot.plane, reads, block), target)

    return _table((tuple(range(len(slot.candidates))), slot.in_widths, tuple(range(len(slot.widths)))), cost)


@lru_cache(maxsize=100_000)
def _block_cost(plane: Plane, reads: int, block: Block, target: Target) -> _Cost:
    return _net_cost(_block_net(plane, reads, block), target)


def _block_net(plane: Plane, reads: int, block: Block) -> Net:
    builder = NetBuilder((*plane, reads))
    add_block(builder, block)
    return builder.build()


def _head(plane: Plane, width: int, classes: int) -> Net:
    return NetBuilder((*plane, width)).chain(GlobalAveragePool(), Dense(classes), SoftmaxLayer()).build()


def _net_cost(net: Net, target: Target, timer: _BlockTimer | None = None) -> _Cost:
    """Constants of the ops with their places in the op table, live-tensor bound, MACs, values written.

    With a ``timer``, its milliseconds take the place of the values written.
    """
    graph = shape_graph(net)
    lowered = lower_graph(graph, target)
    constants = sum(i.nbytes for i in constant_items(graph, lowered) if i.op_index is not None)
    constants += item_bytes("const void *") * len(lowered)
    last = values_written(graph) if timer is None else timer.ms(net, target)
    return constants, plan_memory(graph, lowered).bound_bytes, net.macs, last


def _base_bytes(target: Target) -> int:
    """Constants of the model's tables, without those that grow with the number of ops."""
    graph = shape_graph(_head((1, 1), 1, 2))
    lowered = lower_graph(graph, target)
    tables = sum(i.nbytes for i in constant_items(graph, lowered) if i.op_index is None)
    return tables - item_bytes("const void *") * len(lowered)
