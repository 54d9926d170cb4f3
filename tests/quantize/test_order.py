"""A converted graph is the promised one, op for op and wire for wire, or it is refused."""

from __future__ import annotations

import pytest

from micronas.errors import QuantizeError
from micronas.model.graph import Graph, Quant
from micronas.model.op_attributes import Binary, Concatenation, Padding, Pool2D
from micronas.quantize.order import in_order_of
from tests.support.graph_builder import GraphBuilder

QUANT = Quant((0.05,), (0,))
SHAPE = (1, 4, 4, 2)
POOL = Pool2D(2, 2, 1, 1, Padding.SAME)


def pools_of(wiring: list[int], summands: tuple[int, int], *, inputs: int = 1) -> Graph:
    """A max pool of each input in ``wiring``, and the sum of two of the pools."""
    b = GraphBuilder()
    xs = [b.input(SHAPE, QUANT) for _ in range(inputs)]
    pools = [b.value(SHAPE, QUANT) for _ in wiring]
    for x, pool in zip(wiring, pools, strict=True):
        b.op("MAX_POOL_2D", [xs[x]], [pool], POOL)
    y = b.value(SHAPE, QUANT)
    b.op("ADD", [pools[s] for s in summands], [y], Binary())
    return b.graph([y])


def test_equal_wiring_is_accepted_in_any_order_of_the_branches() -> None:
    promised = pools_of([0, 0], (0, 1))
    swapped = pools_of([0, 0], (1, 0))
    ordered = in_order_of(swapped, promised)
    assert [op.outputs for op in ordered.ops] == [swapped.ops[i].outputs for i in (1, 0, 2)]


def test_one_tensor_of_the_network_is_not_two_of_the_file() -> None:
    with pytest.raises(QuantizeError, match="tensor 0 of the network is two tensors of the file"):
        in_order_of(pools_of([0, 1], (0, 1), inputs=2), pools_of([0, 0], (0, 1)))


def test_one_op_of_the_file_does_not_stand_for_two_of_the_network() -> None:
    with pytest.raises(QuantizeError, match="one op replaces two"):
        in_order_of(pools_of([0, 0], (0, 0)), pools_of([0, 0], (0, 1)))


def joined(axis: int) -> Graph:
    b = GraphBuilder()
    xs = [b.input(SHAPE, QUANT) for _ in range(2)]
    y = b.value((1, 4, 4, 4), QUANT)
    b.op("CONCATENATION", xs, [y], Concatenation(axis))
    return b.graph([y])


def test_an_axis_from_the_end_is_the_same_axis() -> None:
    assert in_order_of(joined(-1), joined(3)).ops[0].attrs == Concatenation(3)
    with pytest.raises(QuantizeError, match="CONCATENATION"):
        in_order_of(joined(2), joined(3))
