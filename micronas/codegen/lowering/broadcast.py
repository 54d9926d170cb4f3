"""Two operands of different shapes -> the steps of ``mn_broadcast``."""

from __future__ import annotations

import math
from dataclasses import dataclass

from micronas.codegen.lowering import StructField
from micronas.codegen.lowering.operands import OpContext


@dataclass(frozen=True)
class _Dimension:
    extent: int
    step1: int
    step2: int

    def joins(self, inner: _Dimension) -> bool:
        """Whether both operands walk from this dimension into ``inner`` without a gap."""
        return (self.step1, self.step2) == (inner.step1 * inner.extent, inner.step2 * inner.extent)


def broadcast_fields(context: OpContext) -> tuple[StructField, ...]:
    """``shape.extent``, ``shape.step1`` and ``shape.step2`` of inputs 0 and 1, dimensions merged."""
    result = context.output().shape
    steps1, steps2 = (_steps(context.input(i).shape, result) for i in (0, 1))
    merged: list[_Dimension] = []
    for dimension in (_Dimension(*d) for d in zip(result, steps1, steps2, strict=True) if d[0] != 1):
        if merged and merged[-1].joins(dimension):
            outer = merged.pop()
            dimension = _Dimension(outer.extent * dimension.extent, dimension.step1, dimension.step2)
        merged.append(dimension)
    if len(merged) > 4:
        raise context.refuse(f"broadcasting to {result} needs {len(merged)} loops, kernels have 4")
    full = [_Dimension(1, 0, 0)] * (4 - len(merged)) + merged
    return (
        StructField("shape.extent", "int32_t", tuple(d.extent for d in full)),
        StructField("shape.step1", "int32_t", tuple(d.step1 for d in full)),
        StructField("shape.step2", "int32_t", tuple(d.step2 for d in full)),
    )


def in_place_operands(context: OpContext) -> tuple[int, ...]:
    """Positions of activation operands as large as the output: element i is read before it is written."""
    size = context.output().elements
    return tuple(i for i in (0, 1) if not context.input(i).is_constant and context.input(i).elements == size)


def _steps(shape: tuple[int, ...], result: tuple[int, ...]) -> list[int]:
    aligned = (1,) * (len(result) - len(shape)) + shape
    return [0 if d == 1 else math.prod(aligned[i + 1 :]) for i, d in enumerate(aligned)]
