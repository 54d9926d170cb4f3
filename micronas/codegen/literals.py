"""Numbers as C: arrays of constants, floats that read back to the same bits."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from micronas.codegen.lowering import Constant
from micronas.codegen.lowering.sizes import constant_symbol

_LINE_CHARACTERS = 108


def float_literal(value: float) -> str:
    """A float32 as a C literal: the shortest decimal that rounds back to it."""
    text = np.format_float_scientific(np.float32(value), unique=True)
    return f"{text}f"


def integer_literal(value: int) -> str:
    """An int32 as C; INT32_MIN cannot be written as a literal in C."""
    return "INT32_MIN" if value == -(2**31) else str(value)


def array_definition(op_index: int, constant: Constant) -> str:
    """``static const`` array; zeros when the graph has no values."""
    head = f"static const {constant.ctype} {constant_symbol(op_index, constant.name)}[{constant.count}]"
    if constant.values is None:
        return f"{head} = {{0}};"
    return f"{head} = {{\n{rows(constant.values)}\n}};"


def rows(values: npt.NDArray[np.generic]) -> str:
    """The elements of an array, in lines of limited length."""
    items = [_item(row) for row in values.tolist()]
    lines, line = [], "   "
    for item in items:
        if len(line) + len(item) + 2 > _LINE_CHARACTERS:
            lines.append(line)
            line = "   "
        line += f" {item},"
    return "\n".join([*lines, line])


def _item(row: object) -> str:
    if isinstance(row, list):
        return "{" + ", ".join(integer_literal(v) for v in row) + "}"
    assert isinstance(row, int)
    return integer_literal(row)
