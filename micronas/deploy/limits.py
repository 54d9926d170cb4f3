"""What no microcontroller runs is refused before it costs minutes and gigabytes here."""

from __future__ import annotations

from micronas.errors import ModelError
from micronas.model.graph import Graph

MAX_ARENA_BYTES = 64 * 1024 * 1024
"""More than any microcontroller's memory; the example data of a larger network would take hours."""

MAX_OPS = 4_096
MAX_ENDS = 256
"""Inputs and outputs together."""


def require_bounded(graph: Graph) -> None:
    """As ``require_few_ops``; also raise ``ModelError`` for too large a tensor."""
    largest = max(graph.activations, key=lambda t: graph.tensors[t].nbytes, default=None)
    if largest is not None and graph.tensors[largest].nbytes > MAX_ARENA_BYTES:
        tensor = graph.tensors[largest]
        raise ModelError(
            f"{graph.name}: tensor {tensor.name or largest} takes {tensor.nbytes:,} bytes; "
            f"the limit is {MAX_ARENA_BYTES:,}",
            remedy="use a smaller input, fewer channels, or a stride early in the network",
        )
    require_few_ops(graph)


def require_few_ops(graph: Graph) -> None:
    """Raise ``ModelError`` for too many ops, or too many inputs and outputs."""
    if len(graph.ops) > MAX_OPS:
        raise ModelError(
            f"{graph.name}: {len(graph.ops):,} ops; the limit is {MAX_OPS:,}",
            remedy="use fewer layers, or split the model into several networks",
        )
    if (ends := len(graph.inputs) + len(graph.outputs)) > MAX_ENDS:
        raise ModelError(
            f"{graph.name}: {ends:,} inputs and outputs; the limit is {MAX_ENDS}",
            remedy="concatenate outputs, and convert the model again",
        )
