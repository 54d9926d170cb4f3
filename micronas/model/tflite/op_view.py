"""One op with its tensors, for checks whose errors name it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from micronas.errors import ModelError, plural
from micronas.model.graph import ABSENT, DType, Graph, Op, Tensor

Shape = tuple[int, ...]

_LARGEST = 2**15 - 1


@dataclass(frozen=True, eq=False)
class OpView:
    """Op ``index`` of ``graph``; every accessor raises for missing items."""

    graph: Graph
    index: int

    @property
    def op(self) -> Op:
        """The op itself."""
        return self.graph.ops[self.index]

    def refuse(self, why: str, remedy: str | None = None) -> ModelError:
        """The error to raise: names the op, then gives ``why``."""
        return ModelError(f"op #{self.index} {self.op.kind}: {why}", remedy=remedy)

    def arity(self, least: int, most: int | None = None) -> None:
        """Check the number of inputs."""
        number = len(self.op.inputs)
        if not least <= number <= (least if most is None else most):
            raise self.refuse(f"{plural(number, 'input')}, not {least}" + (f" to {most}" if most else ""))

    def tensor(self, position: int) -> Tensor:
        """The tensor at a required input."""
        if self.op.inputs[position] == ABSENT:
            raise self.refuse(f"input {position} is missing")
        return self.graph.tensors[self.op.inputs[position]]

    def int8(self, position: int, rank: int | None = None) -> Tensor:
        """An int8 input with one scale, computed or constant."""
        tensor = self.tensor(position)
        self.check_int8(tensor, f"input {position}")
        if rank is not None and len(tensor.shape) != rank:
            raise self.refuse(f"input {position} has shape {tensor.shape}, not rank {rank}")
        return tensor

    def check_int8(self, tensor: Tensor, where: str) -> None:
        """Refuse a tensor that is not int8 with one scale and an int8 zero point."""
        self._check_bytes(tensor, where, DType.INT8, (-128, 127))

    def check_uint8(self, tensor: Tensor, where: str) -> None:
        """The same for uint8, which inputs and outputs of a graph may be."""
        self._check_bytes(tensor, where, DType.UINT8, (0, 255))

    def _check_bytes(self, tensor: Tensor, where: str, dtype: DType, zero_points: tuple[int, int]) -> None:
        if tensor.dtype is not dtype:
            raise self.refuse(f"{where} is {tensor.dtype.value}, not {dtype.value}")
        if tensor.quant is None or tensor.quant.per_channel:
            raise self.refuse(f"{where} does not have exactly one scale")
        self.check_scales(tensor, where)
        if not zero_points[0] <= tensor.quant.zero_point[0] <= zero_points[1]:
            raise self.refuse(f"{where} has zero point {tensor.quant.zero_point[0]}, outside {dtype.value}")

    def check_scales(self, tensor: Tensor, where: str) -> None:
        """Refuse scales whose quotients exceed float32.

        The scale of a channel of weights may be as small as it likes, even 0: training leaves channels that
        do nothing, and their multiplier is then 0.
        """
        least = -1.0 if tensor.is_constant else 1e-15
        if tensor.quant and not all(least < scale < 1e15 for scale in tensor.quant.scale):
            raise self.refuse(
                f"{where} has the scale {min(tensor.quant.scale):g}..{max(tensor.quant.scale):g}"
            )

    def integers(self, position: int) -> npt.NDArray[np.int64]:
        """A constant int32 parameter (axes, shape, paddings), flattened."""
        tensor = self.tensor(position)
        if tensor.data is None:
            raise self.refuse(f"input {position} must be a constant; data-dependent shapes are not supported")
        if tensor.dtype is not DType.INT32:
            raise self.refuse(f"input {position} is {tensor.dtype.value}, not int32")
        return np.asarray(tensor.data, np.int64).ravel()

    def axes(self, position: int, rank: int) -> list[int]:
        """Constant axes, counted from the front, each once."""
        values = [int(v) for v in self.integers(position)]
        if not all(-rank <= v < rank for v in values):
            raise self.refuse(f"axes {values} are not in a tensor of rank {rank}")
        return sorted({v % rank for v in values})

    def axis(self, value: int, rank: int) -> int:
        """One axis counted from the front."""
        if not -rank <= value < rank:
            raise self.refuse(f"axis {value} is not in a tensor of rank {rank}")
        return value % rank

    def positive(self, **values: int) -> None:
        """Refuse strides, dilations and other sizes below 1, and those that do not fit the kernels' int16."""
        for name, value in values.items():
            if not 1 <= value <= _LARGEST:
                raise self.refuse(f"{name} is {value:,}, not 1 to {_LARGEST:,}")

    def attrs(self) -> Any:
        """The attributes, whose class the reader has matched to the kind."""
        return self.op.attrs
