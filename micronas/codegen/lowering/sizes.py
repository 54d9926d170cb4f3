"""Bytes of a generated model's const data on a 32-bit target, itemised by linked symbol.

The sum over all symbols that start with ``mn_model_`` in the ELF equals ``model_constant_bytes``; the
generated code also asserts each struct's size when it is compiled for a 32-bit target.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from micronas.codegen.lowering import Constant, Lowered, StructField
from micronas.model.graph import Graph, State

_SCALAR_BYTES = {
    "int8_t": 1,
    "uint8_t": 1,
    "int16_t": 2,
    "uint16_t": 2,
    "int32_t": 4,
    "uint32_t": 4,
    "float": 4,
}
_STRUCT_BYTES = {"mn_channel": 12, "mn_between": 6}
_POINTER_BYTES = 4
TENSOR_BYTES = 16  # mn_tensor: offset, bytes, scale, zero point
ROW_STEP_BYTES = 10  # mn_step: six counts of a byte, two of two bytes
STATE_BYTES = 16  # mn_state: offset, bytes, initial, fill


@dataclass(frozen=True)
class ConstantItem:
    """One const symbol; ``op_index`` is None for the model's tables."""

    symbol: str
    nbytes: int
    op_index: int | None


def item_bytes(ctype: str) -> int:
    """``sizeof(ctype)`` with 32-bit pointers."""
    if ctype.endswith("*"):
        return _POINTER_BYTES
    return _STRUCT_BYTES.get(ctype) or _SCALAR_BYTES[ctype]


def struct_bytes(members: tuple[StructField, ...]) -> int:
    """``sizeof`` a struct of ``members``: each at a multiple of its size, the whole padded to the largest."""
    return _layout_bytes(tuple([(m.ctype, len(m.value) if type(m.value) is tuple else 1) for m in members]))


@functools.lru_cache(maxsize=4096)
def _layout_bytes(members: tuple[tuple[str, int], ...]) -> int:
    """Of types and their counts; the ops of a search have few layouts."""
    offset, largest = 0, 1
    for ctype, count in members:
        size = item_bytes(ctype)
        offset = -(-offset // size) * size + size * count
        largest = max(largest, size)
    return -(-offset // largest) * largest


def params_symbol(op_index: int) -> str:
    """The C name of an op's parameter struct."""
    return f"mn_model_op{op_index}"


def constant_symbol(op_index: int, name: str) -> str:
    """The C name of an op's constant ``name``."""
    return f"mn_model_op{op_index}_{name}"


def initial_symbol(number: int) -> str:
    """The C name of what the graph's state ``number`` holds before the first run."""
    return f"mn_model_state{number}"


def uniform_byte(state: State) -> int | None:
    """The int8 that all bytes of the initial value have; None if they differ."""
    values = np.frombuffer(np.ascontiguousarray(state.initial).tobytes(), np.int8)
    return int(values[0]) if (values == values[0]).all() else None


def _tables(graph: Graph, lowered: tuple[Lowered, ...]) -> list[ConstantItem]:
    """What the model has besides its ops' own constants."""
    items = [
        ConstantItem("mn_model_inputs", TENSOR_BYTES * len(graph.inputs), None),
        ConstantItem("mn_model_outputs", TENSOR_BYTES * len(graph.outputs), None),
        ConstantItem("mn_model_ops", _POINTER_BYTES * len(lowered), None),
    ]
    by_rows = [op.row_call for op in lowered if op.row_call]
    if by_rows:
        items.append(ConstantItem("mn_model_row_ops", _POINTER_BYTES * len(by_rows), None))
        steps = sum(call.steps for call in by_rows)
        items.append(ConstantItem("mn_model_row_steps", ROW_STEP_BYTES * steps, None))
    if graph.states:
        items.append(ConstantItem("mn_model_states", STATE_BYTES * len(graph.states), None))
    for number, state in enumerate(graph.states):
        if uniform_byte(state) is None:
            items.append(ConstantItem(initial_symbol(number), state.initial.nbytes, None))
    return items


def constant_items(graph: Graph, lowered: tuple[Lowered, ...]) -> tuple[ConstantItem, ...]:
    """Every const symbol of the generated model and its linked bytes."""
    return (*_tables(graph, lowered), *(item for op in lowered for item in _op_items(op)))


def _op_items(op: Lowered) -> Iterator[ConstantItem]:
    for constant in op.constants:
        symbol = constant_symbol(op.op_index, constant.name)
        yield ConstantItem(symbol, _array_bytes(constant), op.op_index)
    if op.params:
        yield ConstantItem(params_symbol(op.op_index), struct_bytes(op.params), op.op_index)


def _array_bytes(constant: Constant) -> int:
    return item_bytes(constant.ctype) * constant.count


def _op_bytes(op: Lowered) -> int:
    """The sum of the op's items, without their symbols: a search asks thousands of times."""
    return sum([_array_bytes(constant) for constant in op.constants]) + struct_bytes(op.params)


def model_constant_bytes(graph: Graph, lowered: tuple[Lowered, ...]) -> int:
    """Flash bytes of the model's const data."""
    return sum(item.nbytes for item in _tables(graph, lowered)) + sum(map(_op_bytes, lowered))
