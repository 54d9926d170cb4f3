"""Samples of a data set on the device that has just run the network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from micronas.codegen.front_end import Tables
from micronas.data import Task
from micronas.data.evaluation import Evaluation
from micronas.deploy.deployment import Deployment
from micronas.deploy.device_accuracy.firmware import build_raw_firmware
from micronas.deploy.device_accuracy.result import DeviceAccuracy, compare
from micronas.deploy.device_accuracy.stream import Streamed, raw_bytes, stream_features, stream_raw
from micronas.deploy.measure import check_identity
from micronas.device.client import Client
from micronas.device.link import Link
from micronas.device.targets import Device, use_device
from micronas.errors import DataError, ModelError
from micronas.estimate.accuracy import input_quant, quantized
from micronas.firmware import Firmware
from micronas.model.front_end import FrontEndFile
from micronas.model.graph import DType, Graph
from micronas.trial import Source

DEADLINE_S = 600.0


@dataclass(frozen=True, eq=False)
class RawInput:
    """The front end that a device computes: its description and its constants."""

    file: FrontEndFile
    tables: Tables


def require_fits(graph: Graph, given: Evaluation) -> None:
    """Raise ``ModelError`` or ``DataError`` unless ``graph`` has the inputs and classes of the data."""
    ends = [graph.tensors[t] for t in (*graph.inputs, *graph.outputs)]
    if len(ends) != 2 or any(end.dtype is not DType.INT8 or end.quant is None for end in ends):
        raise ModelError(
            "accuracy on a device needs a network with one int8 input and one int8 output",
            remedy="convert it again with int8 inputs and outputs",
        )
    shape, classes = given.dataset.input_shape, given.dataset.n_classes
    if ends[0].elements != given.chosen.x[0].size:
        raise DataError(
            f"the data have inputs of {shape}, but the network takes {ends[0].shape[1:]}",
            remedy="pass --data with the configuration that the network was trained with",
        )
    if given.dataset.task is Task.CLASSIFY and ends[1].elements != classes:
        raise DataError(
            f"the data have {classes} classes, but the network has {ends[1].elements} outputs",
            remedy="pass --data with the configuration that the network was trained with",
        )
    if given.dataset.task is Task.REGRESS and ends[1].elements != 1:
        raise DataError(
            f"the data have one target, but the network has {ends[1].elements} outputs",
            remedy="pass --data with the configuration that the network was trained with",
        )


def device_accuracy(
    deployed: Deployment,
    given: Evaluation,
    device: Device,
    raw: RawInput | None,
    *,
    workdir: Path,
    cache_dir: Path | None,
    deadline_s: float = DEADLINE_S,
) -> DeviceAccuracy:
    """Run ``given`` on ``device``.

    With ``raw``, a firmware with that front end is built and gets raw samples.
    """
    graph = deployed.graph
    require_fits(graph, given)
    has_states = bool(graph.states)
    if raw is None:
        running = deployed.twin or deployed.firmware
        features = quantized(given.chosen.x, input_quant(graph))

        def work(client: Client) -> Streamed:
            return stream_features(client, features, has_states=has_states, deadline_s=deadline_s)
    else:
        samples = raw_samples(raw.file, given)
        running = build_raw_firmware(deployed, raw.tables, workdir=workdir, cache_dir=cache_dir).firmware
        place = graph.inputs[0]
        input_at = deployed.ledger.plan.offsets[place], graph.tensors[place].nbytes

        def work(client: Client) -> Streamed:
            return stream_raw(
                client, samples, input_at=input_at, has_states=has_states, deadline_s=deadline_s
            )

    source, streamed = _on_device(device, running, graph, work)
    return compare(graph, given, streamed, source, raw=raw is not None)


def raw_samples(file: FrontEndFile, given: Evaluation) -> list[bytes]:
    """The bytes of every sample; raises ``DataError`` that names the first unsuitable one and counts all."""
    assert given.read_raw is not None, "a front end without raw samples"
    found: list[bytes] = []
    refusals: list[tuple[str, DataError]] = []
    for place in range(len(given)):
        try:
            found.append(raw_bytes(file, given.read_raw(place)))
        except DataError as error:
            origins = given.chosen.origins
            refusals.append((origins[place] if origins else f"sample {place}", error))
    if refusals:
        name, first = refusals[0]
        others = f" ({len(refusals)} of {len(given)} samples are unsuitable)" if len(refusals) > 1 else ""
        raise DataError(f"{name}: {first.message}{others}", remedy=first.remedy) from first
    return found


def _on_device(
    device: Device, running: Firmware, graph: Graph, work: Callable[[Client], Streamed]
) -> tuple[Source, Streamed]:
    def session(link: Link) -> tuple[Source, Streamed]:
        client = Client(link, symbol_at=running.image.symbol_at)
        check_identity(client.info(), graph, running.board, running.build_id)
        return Source.EMULATED if link.emulated else Source.MEASURED, work(client)

    return use_device(device, running, session).value
