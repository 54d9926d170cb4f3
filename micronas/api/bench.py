"""``bench``: build a model, run it, and compare every output element with the reference."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from micronas.api.models import Calibration, Model, as_tflite, name_of
from micronas.board import Board
from micronas.config import SearchConfig, load_config
from micronas.data.evaluation import Evaluation, evaluation
from micronas.deploy.bench import COMPARED, load_samples, quantized_samples, simplified
from micronas.deploy.companions import front_end_beside
from micronas.deploy.deployment import Deployment, cache_folder, deploy, random_samples, require_tools
from micronas.deploy.device_accuracy import (
    DEADLINE_S,
    DeviceAccuracy,
    choose_input,
    device_accuracy,
    with_learned_target,
)
from micronas.deploy.device_accuracy.run import require_fits
from micronas.deploy.modelled import Modelled, try_modelled
from micronas.deploy.plan_choice import LeanFigures, PlanChoice, plan_choice, without_constant_channels
from micronas.deploy.to_json import deployment_to_json
from micronas.device.targets import make_device
from micronas.firmware.clock_choice import board_at
from micronas.host.temporary_folder import temporary_folder
from micronas.memory.ledger import make_ledger
from micronas.memory.plan.prefer import DEFAULT_PREFER, Prefer, prefer_named
from micronas.model.graph import Graph
from micronas.model.tflite import read_bytes
from micronas.quantize.witness import Witness, ask_witness
from micronas.trial import Latency

RANDOM_SAMPLES = 8
DATA_SAMPLES = 100


@dataclass(frozen=True, eq=False)
class Bench:
    """Result of a run on the device; ``latency_source`` is the label of ``latency_ms``.

    ``exact`` is whether every output element equalled the reference kernels'. ``deployment`` has all figures,
    and ``original`` is the network before constant channels were removed. ``modelled`` has the cycles of each
    op if no board ran it; ``why_not_modelled`` is the reason if they could not be modelled. ``plan_choice``
    compares the memory plan with the other one; ``without_constant_channels`` has the figures without
    constant channels, if the network has any and they were not removed. ``witness`` is what TensorFlow Lite
    on this machine computed of the same samples, if it was asked. ``accuracy`` is that of samples of a data
    set; ``why_features`` is the reason if the device got features and not raw samples.
    """

    deployment: Deployment
    original: Graph
    device: str
    plan_choice: PlanChoice
    modelled: Modelled | None = None
    why_not_modelled: str = ""
    without_constant_channels: LeanFigures | None = None
    witness: Witness | None = None
    accuracy: DeviceAccuracy | None = None
    why_features: str = ""

    @property
    def latency(self) -> Latency:
        """Latency of one inference: modelled where possible without a board, else emulated or measured."""
        return self.modelled.latency if self.modelled else self.deployment.measurement.latency

    @property
    def latency_ms(self) -> float:
        """Milliseconds of one inference."""
        return self.latency.ms

    @property
    def latency_source(self) -> str:
        """``modelled``, ``emulated`` or ``measured``; do not compare figures of different sources."""
        return self.latency.source.value

    @property
    def instructions(self) -> int | None:
        """Executed instructions of one inference, if the device counts them."""
        return self.deployment.measurement.latency.instructions

    @property
    def exact(self) -> bool:
        """Whether every compared output element agreed."""
        return self.deployment.measurement.parity.mismatches == 0

    @property
    def sram_bytes(self) -> int:
        """As linked."""
        return self.deployment.firmware.linked.sram_bytes

    @property
    def flash_bytes(self) -> int:
        """As linked."""
        return self.deployment.firmware.linked.flash_bytes

    @property
    def per_op(self) -> list[dict[str, Any]]:
        """One row per op: kind, output shape, instructions, share, bytes of constants, milliseconds."""
        rows: Any = deployment_to_json(self.deployment)["per_op"]
        return list(rows)


def bench(
    model: Model,
    board: str | Path | Board,
    *,
    device: str = "qemu",
    probe: str | None = None,
    port: str | None = None,
    samples: str | Path | npt.ArrayLike | None = None,
    count: int = RANDOM_SAMPLES,
    keep: str | Path | None = None,
    remove_constant_channels: bool = False,
    clock_mhz: float | None = None,
    prefer: str = DEFAULT_PREFER.value,
    calibration: Calibration = None,
    witness: bool = False,
    data: str | Path | SearchConfig | None = None,
    data_samples: int = DATA_SAMPLES,
    split: str = "validation",
    features: bool = False,
    deadline_s: float = DEADLINE_S,
) -> Bench:
    """Build ``model`` for ``board``, run it on ``device`` (qemu, renode or serial) and compare its outputs.

    ``samples`` are inputs (N, ...), an array or the path of an .npz file; without them, random ones. A float
    model is converted with ``calibration`` first. ``keep`` is a folder for the C, ELF and map. ``prefer`` is
    ``auto``, ``latency``, ``sram`` or ``rows``, as for ``check``. With ``witness``, TensorFlow Lite on this
    machine runs the same samples, too. Differing outputs do not raise an error: see ``Bench.exact``.

    With ``data``, a search configuration, ``data_samples`` samples of its ``split`` also run on the device:
    see ``Bench.accuracy``. They are raw samples if the folder of ``model`` has a ``front_end.json`` with C;
    otherwise, and with ``features``, the features of the training.
    """
    profile = board if isinstance(board, Board) else board_at(str(board), clock_mhz)
    where, wanted = make_device(device, probe, port), prefer_named(prefer)
    tflite = as_tflite(model, calibration)
    original = read_bytes(tflite, name_of(model))
    inputs = _inputs(samples, original, count)
    graph = simplified(original, inputs) if remove_constant_channels else original
    given = None if data is None else _evaluation(data, split, data_samples)
    raw, why_features = None, ""
    if given is not None:
        beside = front_end_beside(model)
        given = with_learned_target(given, beside)
        require_fits(graph, given)
        raw, why_features = choose_input(graph, given, beside, features=features)
    require_tools(where, profile)
    with temporary_folder() as work:
        folder = Path(keep) if keep is not None else Path(work)
        deployed = deploy(
            graph,
            profile,
            inputs,
            device=where,
            workdir=folder,
            cache_dir=cache_folder(),
            ledger=make_ledger(graph, profile, prefer=wanted),
        )
        timed, why_not = try_modelled(deployed, inputs, cache_folder())
        accuracy = given and device_accuracy(
            deployed,
            given,
            where,
            raw,
            workdir=folder / "front_end",
            cache_dir=cache_folder(),
            deadline_s=deadline_s,
        )
    without = None if graph is not original else _without(original, profile, wanted, inputs)
    choice = plan_choice(graph, profile, deployed.ledger, wanted)
    said = ask_witness(tflite, original, inputs).witness if witness else None
    return Bench(
        deployed, original, device, choice, timed, why_not, without, said, accuracy or None, why_features
    )


def _evaluation(data: str | Path | SearchConfig, split: str, count: int) -> Evaluation:
    config = data if isinstance(data, SearchConfig) else load_config(data)
    return evaluation(config.data, split, count, reason="bench on a device")


def _without(
    graph: Graph, board: Board, prefer: Prefer, inputs: list[npt.NDArray[np.generic]]
) -> LeanFigures | None:
    return without_constant_channels(graph, board, prefer, [x[:COMPARED] for x in inputs])


def _inputs(
    samples: str | Path | npt.ArrayLike | None, graph: Graph, count: int
) -> list[npt.NDArray[np.generic]]:
    if samples is None:
        return random_samples(graph, count, seed=0)
    if isinstance(samples, str | Path):
        return load_samples(Path(samples), graph, count)
    return quantized_samples({"samples": np.asarray(samples)}, graph, count)
