"""The network for calibrating a board: ops of every common kind, each in several shapes.

They are side by side in one graph, so that one upload profiles all of them. Weights and inputs are synthetic:
cycles do not depend on their values.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from micronas.model.graph import Graph, Op, State, Tensor
from micronas.model.net import (
    Add,
    Conv,
    Dense,
    DepthwiseConv,
    GlobalAveragePool,
    Net,
    NetBuilder,
    Pool,
    PoolKind,
    SoftmaxLayer,
    shape_graph,
)
from micronas.space.reference.random_weights import random_weights

_POINTWISE = ((4, 4, 8, 8), (6, 6, 16, 16), (5, 5, 32, 24), (3, 3, 64, 32), (2, 2, 64, 64))
_CONVS = ((6, 6, 4, 8, 3, 1), (8, 8, 8, 8, 3, 2), (5, 5, 16, 8, 3, 1), (5, 5, 6, 6, 5, 1))
_STEMS = ((16, 16, 1, 8, 3, 2), (12, 12, 3, 8, 3, 1), (14, 10, 1, 12, 4, 2))
_DEPTHWISE = ((8, 8, 8, 3, 1), (8, 8, 16, 3, 2), (4, 4, 32, 3, 1), (9, 9, 6, 5, 1), (3, 3, 48, 3, 1))
_DENSE = ((64, 16), (128, 32), (32, 64), (200, 10), (17, 9))
_POOLS = ((8, 8, 8, PoolKind.MAX), (8, 8, 8, PoolKind.AVERAGE))


def calibration_graph() -> Graph:
    """29 ops, 23 KB of weights and 18 KB of activations."""
    graphs = [random_weights(shape_graph(net), seed) for seed, net in enumerate(_nets())]
    return side_by_side(graphs, "calibration")


def side_by_side(graphs: list[Graph], name: str) -> Graph:
    """One graph that holds all ops of ``graphs``, with all their inputs and outputs."""
    tensors: list[Tensor] = []
    ops: list[Op] = []
    inputs: list[int] = []
    outputs: list[int] = []
    states: list[State] = []
    for graph in graphs:
        first = len(tensors)
        tensors += list(graph.tensors)
        ops += [_moved(op, first) for op in graph.ops]
        inputs += [t + first for t in graph.inputs]
        outputs += [t + first for t in graph.outputs]
        states += [replace(s, before=s.before + first, after=s.after + first) for s in graph.states]
    return Graph(name, tuple(tensors), tuple(ops), tuple(inputs), tuple(outputs), tuple(states))


def _moved(op: Op, first: int) -> Op:
    def moved(tensors: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(t if t < 0 else t + first for t in tensors)

    return replace(op, inputs=moved(op.inputs), outputs=moved(op.outputs))


def _nets() -> Iterator[Net]:
    for height, width, channels, filters in _POINTWISE:
        yield NetBuilder((height, width, channels)).chain(Conv(filters, 1, 1)).build()
    for height, width, channels, filters, kernel, stride in (*_CONVS, *_STEMS):
        conv = Conv(filters, kernel, kernel, stride, stride)
        yield NetBuilder((height, width, channels)).chain(conv).build()
    for height, width, channels, kernel, stride in _DEPTHWISE:
        depthwise = DepthwiseConv(kernel, kernel, stride, stride)
        yield NetBuilder((height, width, channels)).chain(depthwise).build()
    for features, units in _DENSE:
        yield NetBuilder((features,)).chain(Dense(units)).build()
    for height, width, channels, kind in _POOLS:
        yield NetBuilder((height, width, channels)).chain(Pool(kind, 2, 2, 2, 2)).build()
    yield from (_residual(), _head())


def _residual() -> Net:
    builder = NetBuilder((6, 6, 12))
    builder.add(Conv(12, 1, 1))
    builder.add(Add(), builder.last, 0)
    return builder.build()


def _head() -> Net:
    return NetBuilder((6, 6, 16)).chain(GlobalAveragePool(), Dense(10), SoftmaxLayer()).build()
