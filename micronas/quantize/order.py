"""A converted graph, verified against the expected graph and put into its order.

The converter may list the operators of parallel branches in another order than the network's, which
would change the memory plan. Walking both graphs from their outputs back, input by input, pairs up
every op; any difference in kind, attributes, shape or wiring is an error, so the result equals the expected
graph.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from micronas.errors import QuantizeError
from micronas.model.graph import ABSENT, DType, Graph, Op, Tensor
from micronas.model.op_attributes import Attrs, Concatenation


def in_order_of(graph: Graph, promised: Graph) -> Graph:
    """``graph`` with the ops in the order of ``promised``; raises ``QuantizeError`` if they differ."""
    if len(graph.ops) != len(promised.ops):
        raise _difference(f"{_kinds(graph)} instead of {_kinds(promised)}")
    pairs = _pair_tensors(graph, promised)
    producer = {t: op for op in graph.ops for t in op.outputs}
    ops = tuple(_normalised(producer[pairs[op.outputs[0]]], graph) for op in promised.ops)
    if len({id(op.outputs) for op in ops}) != len(ops):
        raise _difference("one op replaces two of the network")
    return replace(graph, name=promised.name, ops=ops)


def with_flattens(graph: Graph) -> Graph:
    """``graph`` with the RESHAPE restored that the converter drops where a dense layer reads (1, 1, 1, c).

    A ``Net`` and published files flatten before a dense layer; in the engine, this moves no bytes.
    """
    tensors, ops = list(graph.tensors), []
    for op in graph.ops:
        x = tensors[op.inputs[0]]
        if op.kind == "FULLY_CONNECTED" and len(x.shape) == 4 and x.shape[:3] == (1, 1, 1):
            shape = np.array([1, x.shape[3]], np.int32)
            tensors.append(Tensor("", shape.shape, DType.INT32, is_constant=True, data=shape))
            tensors.append(replace(x, name="", shape=(1, x.shape[3])))
            flat = len(tensors) - 1
            ops.append(Op("RESHAPE", (op.inputs[0], flat - 1), (flat,)))
            op = replace(op, inputs=(flat, *op.inputs[1:]))
        ops.append(op)
    return replace(graph, tensors=tuple(tensors), ops=tuple(ops))


def _pair_tensors(graph: Graph, promised: Graph) -> dict[int, int]:
    """Expected tensor -> converted tensor, for all tensors that the outputs depend on."""
    made = {t: op for op in graph.ops for t in op.outputs}
    wanted = {t: op for op in promised.ops for t in op.outputs}
    pairs: dict[int, int] = {}
    todo = list(zip(promised.outputs, graph.outputs, strict=True))
    while todo:
        want, have = todo.pop()
        if pairs.setdefault(want, have) != have:
            raise _difference(f"tensor {want} of the network is two tensors of the file")
        _check_tensor(promised.tensors[want], graph.tensors[have])
        if want not in wanted:
            continue
        if have not in made:
            raise _difference(f"the {wanted[want].kind} that makes tensor {want} is missing")
        todo.extend(_paired_inputs(wanted[want], made[have], graph))
    return pairs


def _paired_inputs(want: Op, have: Op, graph: Graph) -> list[tuple[int, int]]:
    have = _normalised(have, graph)
    same = (want.kind, want.attrs, len(want.inputs)) == (have.kind, have.attrs, len(have.inputs))
    if not same or ABSENT in have.inputs:
        raise _difference(f"{have.kind} {have.attrs} instead of {want.kind} {want.attrs}")
    return list(zip(want.inputs, have.inputs, strict=True))


def _normalised(op: Op, graph: Graph) -> Op:
    """A negative concatenation axis means one counted from the end."""
    attrs: Attrs = op.attrs
    if isinstance(attrs, Concatenation) and attrs.axis < 0:
        rank = len(graph.tensors[op.outputs[0]].shape)
        return replace(op, attrs=replace(attrs, axis=attrs.axis + rank))
    return op


def _check_tensor(want: Tensor, have: Tensor) -> None:
    scales = len(want.quant.scale) if want.quant else 0
    found = len(have.quant.scale) if have.quant else 0
    wanted_form = (want.shape, want.dtype, want.is_constant, scales)
    found_form = (have.shape, have.dtype, have.is_constant, found)
    if wanted_form != found_form:
        raise _difference(f"a tensor {found_form} instead of {wanted_form} (shape, type, constant, scales)")


def _kinds(graph: Graph) -> str:
    return "[" + ", ".join(op.kind for op in graph.ops) + "]"


def _difference(what: str) -> QuantizeError:
    return QuantizeError(f"the converted graph is not the network: {what}")
