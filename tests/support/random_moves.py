"""Random ops that choose, repeat or cut out values."""

from __future__ import annotations

import numpy as np

from micronas.model.graph import DType, Graph
from micronas.model.op_attributes import Pack, Reduce, SplitV, Unpack
from tests.support.graph_builder import GraphBuilder
from tests.support.random_parts import chance, random_quant, random_shape

Rng = np.random.Generator


def reduce_max(rng: Rng) -> Graph:
    rank = int(rng.integers(2, 5))
    shape, quant, b = random_shape(rng, rank, 9), random_quant(rng), GraphBuilder()
    count = int(rng.integers(1, rank))
    axes = sorted(int(a) for a in rng.choice(np.arange(1, rank), count, replace=False))
    keep = chance(rng, 0.5)
    x = b.input(shape, quant)
    written = [a - rank if chance(rng, 0.2) else a for a in axes]
    y = b.value(tuple(1 if i in axes else d for i, d in enumerate(shape) if keep or i not in axes), quant)
    b.op("REDUCE_MAX", [x, b.constant(np.array(written), DType.INT32)], [y], Reduce(keep))
    return b.graph([y])


def split_v(rng: Rng) -> Graph:
    quant, b, rank = random_quant(rng), GraphBuilder(), int(rng.integers(2, 5))
    axis, shape = int(rng.integers(1, rank)), list(random_shape(rng, rank))
    sizes = [int(s) for s in rng.integers(1, 6, int(rng.integers(1, 5)))]
    shape[axis] = sum(sizes)
    x = b.input(tuple(shape), quant)
    constants = [
        b.constant(sizes, DType.INT32),
        b.constant(axis - rank if chance(rng, 0.3) else axis, DType.INT32),
    ]
    ys = [b.value((*shape[:axis], size, *shape[axis + 1 :]), quant) for size in sizes]
    b.op("SPLIT_V", [x, *constants], ys, SplitV(len(sizes)))
    return b.graph(ys)


def unpack(rng: Rng) -> Graph:
    quant, b, rank = random_quant(rng), GraphBuilder(), int(rng.integers(2, 5))
    shape, axis = random_shape(rng, rank), int(rng.integers(1, rank))
    x = b.input(shape, quant)
    ys = [b.value((*shape[:axis], *shape[axis + 1 :]), quant) for _ in range(shape[axis])]
    b.op("UNPACK", [x], ys, Unpack(shape[axis], axis - rank if chance(rng, 0.3) else axis))
    return b.graph(ys)


def tile(rng: Rng) -> Graph:
    quant, b, rank = random_quant(rng), GraphBuilder(), int(rng.integers(2, 5))
    shape = random_shape(rng, rank)
    times = [1] * rank
    for axis in rng.choice(np.arange(1, rank), min(2, rank - 1), replace=False):
        times[axis] = int(rng.integers(1, 4))
    x = b.input(shape, quant)
    y = b.value(tuple(d * m for d, m in zip(shape, times, strict=True)), quant)
    b.op("TILE", [x, b.constant(times, DType.INT32)], [y])
    return b.graph([y])


def pack(rng: Rng) -> Graph:
    quant, b, rank = random_quant(rng), GraphBuilder(), int(rng.integers(1, 4))
    shape, axis, parts = random_shape(rng, rank), int(rng.integers(0, rank + 1)), int(rng.integers(1, 5))
    xs = [b.input(shape, quant) for _ in range(parts)]
    if chance(rng, 0.3):
        xs.append(b.constant(rng.integers(-128, 128, shape), DType.INT8, quant))
    y = b.value((*shape[:axis], len(xs), *shape[axis:]), quant)
    b.op("PACK", xs, [y], Pack(len(xs), axis - rank - 1 if chance(rng, 0.3) else axis))
    return b.graph([y])


def reverse(rng: Rng) -> Graph:
    quant, b, rank = random_quant(rng), GraphBuilder(), int(rng.integers(2, 5))
    shape, axis = random_shape(rng, rank), int(rng.integers(1, rank))
    x, y = b.input(shape, quant), b.value(shape, quant)
    axes = b.constant([axis - rank if chance(rng, 0.3) else axis], DType.INT32)
    b.op("REVERSE_V2", [x, axes], [y])
    return b.graph([y])
