"""Access to an op's tensors for all lowerings, with an error if they are not as in TFLite."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from micronas.codegen.lowering import Argument, Constant, Ref, Target
from micronas.errors import ModelError
from micronas.model.graph import ABSENT, DType, Graph, Op, Quant, Tensor

INT16_MAX = 2**15 - 1


@dataclass(frozen=True, eq=False)
class OpContext:
    """One op of a graph under lowering."""

    graph: Graph
    index: int
    target: Target

    @property
    def op(self) -> Op:
        """The op itself."""
        return self.graph.ops[self.index]

    @property
    def where(self) -> str:
        """The op's place, for messages."""
        return f"op {self.index} ({self.op.kind})"

    def refuse(self, reason: str, remedy: str | None = None) -> ModelError:
        """The error to raise when this op cannot be lowered."""
        return ModelError(f"{self.where}: {reason}", remedy=remedy)

    def has_input(self, position: int) -> bool:
        """Whether the optional input at ``position`` is there."""
        return position < len(self.op.inputs) and self.op.inputs[position] != ABSENT

    def input(self, position: int = 0) -> Tensor:
        """The tensor at input ``position``."""
        return self.graph.tensors[self.op.inputs[position]]

    def output(self, position: int = 0) -> Tensor:
        """The tensor at output ``position``."""
        return self.graph.tensors[self.op.outputs[position]]

    def activation(self, position: int = 0) -> Tensor:
        """The int8 arena tensor at input ``position``."""
        tensor = self.input(position)
        if tensor.is_constant or tensor.dtype is not DType.INT8:
            raise self.refuse(f"input {position} is not an int8 activation")
        return tensor

    def int8_output(self, position: int = 0) -> Tensor:
        """The int8 tensor at output ``position``."""
        tensor = self.output(position)
        if tensor.dtype is not DType.INT8:
            raise self.refuse(f"output {position} is {tensor.dtype.value}, not int8")
        return tensor

    def constant(self, position: int) -> Tensor:
        """The constant at input ``position``, with or without values."""
        tensor = self.input(position)
        if not tensor.is_constant:
            raise self.refuse(f"input {position} must be a constant")
        return tensor

    def values(self, position: int) -> npt.NDArray[np.int64]:
        """A constant that decides shapes (axes, paddings): its values must be there."""
        tensor = self.constant(position)
        if tensor.data is None:
            raise self.refuse(f"the values of input {position} decide shapes and are missing")
        return np.asarray(tensor.data, np.int64)

    def argument(self, position: int) -> Argument:
        """The kernel's argument for input ``position``: a tensor index, or the name of its constant."""
        if self.input(position).is_constant:
            return Ref(f"input{position}")
        return self.op.inputs[position]

    def operand_constants(self) -> tuple[Constant, ...]:
        """Constant int8 operands among the inputs, as ``argument`` names them."""
        positions = (i for i in range(len(self.op.inputs)) if self.has_input(i) and self.input(i).is_constant)
        return tuple(int8_constant(f"input{i}", self.input(i)) for i in positions)

    def int16(self, value: int, what: str) -> int:
        """``value`` if a parameter struct can hold it."""
        if not 0 <= value <= INT16_MAX:
            raise self.refuse(f"{what} is {value}, but kernels take 0 to {INT16_MAX}")
        return value


def quant_of(context: OpContext, tensor: Tensor) -> Quant:
    """The tensor's quantization; refused when it has none."""
    if tensor.quant is None:
        raise context.refuse(f"tensor {tensor.name!r} has no scale")
    return tensor.quant


def int8_constant(name: str, tensor: Tensor) -> Constant:
    """An int8 tensor as it is."""
    values = None if tensor.data is None else tensor.data.reshape(-1)
    return Constant(name, "int8_t", tensor.elements, values)
