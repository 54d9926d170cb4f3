"""Int8 graphs by hand, tensor by tensor."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from micronas.model.graph import DType, Graph, Op, Quant, State, Tensor, state_updates
from micronas.model.op_attributes import Attrs, NoAttrs


class GraphBuilder:
    """Collects tensors and ops; ``graph()`` closes the network."""

    def __init__(self) -> None:
        self.tensors: list[Tensor] = []
        self.ops: list[Op] = []
        self.inputs: list[int] = []
        self.states: list[tuple[int, npt.NDArray[np.generic], str]] = []

    def _add(self, tensor: Tensor) -> int:
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def value(self, shape: tuple[int, ...], quant: Quant | None, dtype: DType = DType.INT8) -> int:
        return self._add(Tensor(f"t{len(self.tensors)}", tuple(int(d) for d in shape), dtype, quant))

    def input(self, shape: tuple[int, ...], quant: Quant | None, dtype: DType = DType.INT8) -> int:
        self.inputs.append(self.value(shape, quant, dtype))
        return self.inputs[-1]

    def constant(self, data: npt.ArrayLike, dtype: DType, quant: Quant | None = None) -> int:
        array = np.asarray(data, dtype.value)
        return self._add(Tensor(f"c{len(self.tensors)}", array.shape, dtype, quant, True, array))

    def state(
        self, initial: npt.ArrayLike, quant: Quant, dtype: DType = DType.INT8, *, own: bool = False
    ) -> int:
        """A tensor that is kept between runs: a variable, or an op's ``own`` state."""
        values = np.asarray(initial, dtype.value)
        before = self.value(values.shape, quant, dtype)
        self.states.append((before, values, "" if own else f"variable{len(self.states)}"))
        return before

    def op(self, kind: str, inputs: list[int], outputs: list[int], attrs: Attrs = NoAttrs()) -> None:  # noqa: B008
        self.ops.append(Op(kind, tuple(inputs), tuple(outputs), attrs))

    def graph(self, outputs: list[int], name: str = "case") -> Graph:
        last = {state[0]: state[0] for state in self.states}
        for op in self.ops:
            for before, after in state_updates(op):
                first = next(f for f, now in last.items() if now == before)
                last[first] = after
        states = tuple(State(before, last[before], initial, name) for before, initial, name in self.states)
        return Graph(name, tuple(self.tensors), tuple(self.ops), tuple(self.inputs), tuple(outputs), states)


def float32(value: float) -> float:
    return float(np.float32(value))
