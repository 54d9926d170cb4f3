"""Row streaming: the first ops of a network run depth first, row by row, through buffers of a few rows.

A chain starts at the network's only input, or at the op that delivers its rows, and ends where a single
tensor is all that later ops need. What follows it runs op by op as usual, with that tensor as its input. The
two plans share the arena, one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from micronas.codegen.lowering.row_window import RowOp, row_op
from micronas.model.graph import Graph

MAX_OPS = 255
"""A step names its op in a byte (``mn_step``)."""


@dataclass(frozen=True)
class RowChain:
    """The first ``len(ops)`` ops of a graph, which can run by rows."""

    ops: tuple[RowOp, ...]

    @property
    def output(self) -> int:
        """The tensor that later ops read."""
        return self.ops[-1].writes


def chains(graph: Graph) -> tuple[RowChain, ...]:
    """All chains of ``graph`` with two ops or more, the shortest first."""
    if len(graph.inputs) != 1 or graph.states:
        return ()
    ops = _streamable(graph)
    last_use = _last_uses(graph)
    found = []
    for length in range(2, len(ops) + 1):
        made = [graph.inputs[0], *(op.writes for op in ops[:length])]
        if [t for t in made if last_use[t] >= length] == [ops[length - 1].writes]:
            found.append(RowChain(tuple(ops[:length])))
    return tuple(found)


def _streamable(graph: Graph) -> Sequence[RowOp]:
    """The leading ops that run by rows; one that gathers ends them."""
    ops: list[RowOp] = []
    made = {graph.inputs[0]}
    for op in graph.ops[:MAX_OPS]:
        found = row_op(graph, op)
        if found is None or not made.issuperset(found.reads):
            break
        ops.append(found)
        made.add(found.writes)
        if found.gathers:
            break
    return ops


def _last_uses(graph: Graph) -> dict[int, int]:
    """The last op that reads each activation; past the last op for outputs, -1 for what nothing reads."""
    last = dict.fromkeys(graph.activations, -1)
    for i, op in enumerate(graph.ops):
        last.update(dict.fromkeys(graph.activation_inputs(op), i))
    return last | dict.fromkeys(graph.outputs, len(graph.ops))
