"""Random networks that keep a value from one run to the next."""

from __future__ import annotations

import numpy as np

from micronas.model.graph import DType, Graph
from micronas.model.op_attributes import Concatenation, StridedSlice
from tests.support.graph_builder import GraphBuilder
from tests.support.random_parts import chance, int8_values, random_quant, random_shape

Rng = np.random.Generator


def read_variable(rng: Rng) -> Graph:
    """The last rows of a stream: what is held and what comes, joined; the newest rows are held."""
    quant, b = random_quant(rng), GraphBuilder()
    _, held, new, channels = (int(d) for d in random_shape(rng, 4))
    x = b.input((1, new, channels), quant)
    before = b.state(int8_values(rng, (1, held, channels)), quant)
    value, joined, after = (b.value((1, n, channels), quant) for n in (held, held + new, held))
    b.op("READ_VARIABLE", [before], [value])
    b.op("CONCATENATION", [value, x], [joined], Concatenation(1))
    newest = b.value((1, held, channels), quant)
    begin, end, ones = (
        b.constant(v, DType.INT32) for v in ((0, new, 0), (1, held + new, channels), (1, 1, 1))
    )
    b.op("STRIDED_SLICE", [joined, begin, end, ones], [newest], StridedSlice())
    b.op("ASSIGN_VARIABLE", [before, newest], [after])
    return b.graph([joined, value] if chance(rng, 0.3) else [joined])


def assign_variable(rng: Rng) -> Graph:
    """Assigned, then read again. What is held at first may be uniform, and what was read may be an output."""
    quant, b, shape = random_quant(rng), GraphBuilder(), random_shape(rng, 3)
    initial = np.full(shape, quant.zero_point[0]) if chance(rng, 0.5) else int8_values(rng, shape)
    x, before = b.input(shape, quant), b.state(initial, quant)
    after, new = (b.value(shape, quant) for _ in range(2))
    b.op("ASSIGN_VARIABLE", [before, x], [after])
    b.op("READ_VARIABLE", [after], [new])
    joined = b.value((1, shape[1] * 2, *shape[2:]), quant)
    b.op("CONCATENATION", [new, x], [joined], Concatenation(1))
    return b.graph([joined, new] if chance(rng, 0.5) else [joined])
