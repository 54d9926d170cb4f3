"""Outputs of a device against the reference, element by element, and the first op that differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from micronas.device.client import RUN_DEADLINE_S, Client
from micronas.errors import DeviceError
from micronas.model.graph import Graph

Array = npt.NDArray[np.generic]


@dataclass(frozen=True)
class Difference:
    """The first element that differs on the device."""

    sample: int
    output: int
    element: int
    device: float
    reference: float


@dataclass(frozen=True)
class Parity:
    """Outputs compared element by element over all samples."""

    elements: int
    mismatches: int
    first: Difference | None = None


def load_sample(client: Client, samples: Sequence[Array], number: int) -> None:
    """Write sample ``number`` to every input of the device."""
    for index, values in enumerate(samples):
        client.load_input(index, values[number].tobytes())


def compare_outputs(
    client: Client,
    samples: Sequence[Array],
    expected: Sequence[Array],
    run_deadline_s: float = RUN_DEADLINE_S,
    *,
    has_states: bool = False,
) -> Parity:
    """Run every sample once and compare every output element.

    A network that ``has_states`` runs the samples as one sequence from its initial states.
    """
    sizes = [client.output_info(output).nbytes for output in range(len(expected))]
    elements = mismatches = 0
    first: Difference | None = None
    if has_states:
        client.reset_states()
    for number in range(len(samples[0])):
        load_sample(client, samples, number)
        client.run(deadline_s=run_deadline_s)
        for output, reference in enumerate(expected):
            want = np.ascontiguousarray(reference[number]).reshape(-1)
            data = client.read_output(output, sizes[output])
            if len(data) != want.nbytes:
                raise DeviceError(
                    f"output {output} has {len(data)} bytes on the device, {want.nbytes} in the graph"
                )
            got = np.frombuffer(data, dtype=want.dtype.newbyteorder("<"))
            wrong = np.flatnonzero(_bits(got) != _bits(want))
            elements, mismatches = elements + want.size, mismatches + wrong.size
            if wrong.size and first is None:
                at = int(wrong[0])
                first = Difference(number, output, at, got[at].item(), want[at].item())
    return Parity(elements, mismatches, first)


def _bits(values: Array) -> Array:
    """Integers of the same width: floats are equal only if all their bits are."""
    return values.view(f"u{values.itemsize}")


def first_wrong_op(
    client: Client,
    graph: Graph,
    offsets: Mapping[int, int],
    samples: Sequence[Array],
    number: int,
    tensors: Mapping[int, Array],
) -> int | None:
    """Index of the first op whose outputs differ from ``tensors`` for sample ``number``; None if all agree.

    ``offsets`` are arena offsets per activation tensor (the plan's), ``tensors`` every activation of that
    sample by the reference interpreter. The network is rerun up to each op, because later ops may reuse an
    output's memory; one with states from the first sample on.
    """
    for index, op in enumerate(graph.ops):
        if graph.states:
            client.reset_states()
            for earlier in range(number):
                load_sample(client, samples, earlier)
                client.run()
        load_sample(client, samples, number)
        client.run(ops=index + 1)
        for tensor in op.outputs:
            want = tensors[tensor].tobytes()
            if client.read_arena(offsets[tensor], len(want)) != want:
                return index
    return None
