"""The reference interpreter: TFLite Micro's int8 reference kernels, over whole batches.

It gives the accuracies of the search and the reference of every parity check. Sums of products are
floating-point matrix products if every partial sum is provably an exact integer; rescaling uses TFLite's
integer arithmetic.

    logits, = run_batch(graph, [samples])      # samples int8 (N, 49, 10, 1) -> logits int8 (N, 12)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from micronas.errors import ModelError, plural
from micronas.model.graph import ABSENT, Graph, Op
from micronas.model.interpreter.kernel import Array, Kernel
from micronas.model.interpreter.kernels import KERNELS

CHUNK_BYTES = 2 << 20
"""Working set of a chunk of samples: about the L2 cache, beyond which passes over arrays become slower."""


def run_batch(graph: Graph, inputs: Sequence[Array]) -> list[Array]:
    """Outputs (N, ...) for ``inputs`` (N, ...), one array per graph input, of its type.

    A tensor's batch of 1 becomes the N samples. Raises ``ModelError`` for an unsupported op, a shape-only
    graph, or inputs of the wrong shape or type. A network with states starts each sample from their initial
    values.
    """
    program = _Program(graph)
    batch = _checked_inputs(graph, inputs)
    step = max(1, CHUNK_BYTES // program.bytes_per_sample)
    chunks = [
        program.outputs([x[start : start + step] for x in batch]) for start in range(0, len(batch[0]), step)
    ]
    return [_samples(np.concatenate(parts)) for parts in zip(*chunks, strict=True)]


def run_in_order(graph: Graph, inputs: Sequence[Array]) -> list[Array]:
    """As ``run_batch`` for consecutive runs: each sample finds the states as the one before has left them."""
    if not graph.states:
        return run_batch(graph, inputs)
    stream = Stream(graph)
    steps = [stream.run([x[i] for x in inputs]) for i in range(len(inputs[0]))]
    return [np.stack(parts) for parts in zip(*steps, strict=True)]


class Stream:
    """One run after the other; states are kept in between.

    stream = Stream(graph)
    score, = stream.run([frame])      # frame int8 (3, 40) -> score (1,)
    """

    def __init__(self, graph: Graph) -> None:
        self._graph, self._program = graph, _Program(graph)
        self.reset()

    def reset(self) -> None:
        """Every state as before the first run."""
        self._states = _initial_states(self._graph, 1)

    def run(self, inputs: Sequence[Array]) -> list[Array]:
        """The outputs for one sample: an array per input, without a batch dimension."""
        values = self._step(inputs, keep=False)
        return [_samples(values[t])[0] for t in self._graph.outputs]

    def tensors(self, inputs: Sequence[Array]) -> dict[int, Array]:
        """The same, but every activation by tensor index."""
        return {t: _samples(value)[0] for t, value in self._step(inputs, keep=True).items()}

    def _step(self, inputs: Sequence[Array], keep: bool) -> dict[int, Array]:
        batch = _checked_inputs(self._graph, [np.asarray(x)[np.newaxis] for x in inputs])
        values = self._program.run(batch, self._states, keep)
        self._states = [values[state.after] for state in self._graph.states]
        return values


def run_tensors(graph: Graph, inputs: Sequence[Array]) -> dict[int, Array]:
    """Every activation (N, ...) by tensor index, graph inputs included, to find the first op that differs."""
    values = _Program(graph).all_values(_checked_inputs(graph, inputs))
    return {t: _samples(value) for t, value in values.items()}


class _Program:
    """A graph with the computed parameters of each op."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._kernels = [_kernel(graph, i, op) for i, op in enumerate(graph.ops)]
        self._last_use = _last_uses(graph)
        largest = max(
            sum(graph.tensors[t].elements for t in (*graph.activation_inputs(op), *op.outputs))
            for op in graph.ops
        )
        self.bytes_per_sample = largest * np.dtype(np.int64).itemsize

    def outputs(self, batch: list[Array]) -> list[Array]:
        values = self.run(batch, _initial_states(self._graph, len(batch[0])), keep=False)
        return [values[t] for t in self._graph.outputs]

    def all_values(self, batch: list[Array]) -> dict[int, Array]:
        return self.run(batch, _initial_states(self._graph, len(batch[0])), keep=True)

    def run(self, batch: list[Array], states: list[Array], keep: bool) -> dict[int, Array]:
        graph = self._graph
        values = dict(zip(graph.sources, (*batch, *states), strict=True))
        for i, (op, kernel) in enumerate(zip(graph.ops, self._kernels, strict=True)):
            arguments = [_argument(graph, t, values) for t in op.inputs]
            values.update(zip(op.outputs, kernel(arguments), strict=True))
            if not keep:
                for t in self._last_use[i]:
                    del values[t]
        return values


def _kernel(graph: Graph, index: int, op: Op) -> Kernel:
    if op.kind not in KERNELS:
        raise ModelError(f"op #{index} {op.kind} is not supported")
    try:
        return KERNELS[op.kind](graph, op)
    except ModelError as error:
        raise ModelError(f"op #{index} {op.kind}: {error.message}", remedy=error.remedy) from error


def _argument(graph: Graph, t: int, values: dict[int, Array]) -> Any:
    if t == ABSENT:
        return None
    return graph.tensors[t].data if graph.tensors[t].is_constant else values[t]


def _last_uses(graph: Graph) -> list[list[int]]:
    """For each op, the tensors that are not needed after it."""
    last = {t: i for i, op in enumerate(graph.ops) for t in (*graph.activation_inputs(op), *op.outputs)}
    dying: list[list[int]] = [[] for _ in graph.ops]
    kept = {*graph.outputs, *(state.after for state in graph.states)}
    for t, i in last.items():
        if t not in kept:
            dying[i].append(t)
    return dying


def _initial_states(graph: Graph, samples: int) -> list[Array]:
    return [np.broadcast_to(s.initial, (samples, *s.initial.shape)) for s in graph.states]


def _checked_inputs(graph: Graph, inputs: Sequence[Array]) -> list[Array]:
    """Inputs as (N, *shape); raises ``ModelError`` that names the input that does not fit."""
    if len(inputs) != len(graph.inputs):
        raise ModelError(f"the graph has {plural(len(graph.inputs), 'input')}, not {len(inputs)} as given")
    arrays = [np.asarray(x) for x in inputs]
    for x, t in zip(arrays, graph.inputs, strict=True):
        tensor = graph.tensors[t]
        if x.ndim < 1 or x.dtype != np.dtype(tensor.dtype.value):
            raise ModelError(f"input {tensor.name!r} is {tensor.dtype.value}, not {x.dtype}")
        if len(x) != len(arrays[0]) or math.prod(x.shape[1:]) != tensor.elements:
            raise ModelError(f"input {tensor.name!r} has shape {tensor.shape} per sample, not {x.shape[1:]}")
    return [x.reshape(len(x), *graph.tensors[t].shape) for x, t in zip(arrays, graph.inputs, strict=True)]


def _samples(value: Array) -> Array:
    """(N, 1, ...) -> (N, ...): the sample axis replaces a batch of 1."""
    return value[:, 0] if value.ndim > 1 and value.shape[1] == 1 else value
