"""Checks that a graph hangs together: every value is made once, before it is read."""

from __future__ import annotations

from micronas.errors import ModelError
from micronas.graph import ABSENT, Graph


def check_structure(graph: Graph) -> None:
    """Raise ``ModelError`` if a tensor is read before it is written, or written twice."""
    written = set(graph.inputs)
    if len(written) != len(graph.inputs):
        raise ModelError("a tensor is two inputs of the graph")
    for i, op in enumerate(graph.ops):
        where = f"op #{i} {op.kind}"
        for t in op.inputs:
            if t != ABSENT and not graph.tensors[t].is_constant and t not in written:
                raise ModelError(f"{where} reads tensor {t}, which nothing has written yet")
        for t in op.outputs:
            if t in written or graph.tensors[t].is_constant:
                raise ModelError(f"{where} writes tensor {t}, which has a value already")
            written.add(t)
    for t in graph.outputs:
        if t not in written:
            raise ModelError(f"output tensor {t} is never written")
