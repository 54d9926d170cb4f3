"""Where a trial's network stands on a board: its size by the ledger, its latency by a device or a model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from micronas.board import Board
from micronas.config import SearchConfig
from micronas.data import Dataset
from micronas.deploy.bench import constant_bytes, simplified
from micronas.deploy.deployment import verified_deployment
from micronas.deploy.measure import WARM_UP_RUNS
from micronas.deploy.to_json import deployment_to_json
from micronas.estimate.accuracy import input_quant, quantized
from micronas.latency.core_model import is_modelled
from micronas.latency.op_model import board_latency
from micronas.memory.ledger import Ledger, make_ledger
from micronas.memory.plan.prefer import prefer_of_search
from micronas.model.graph import Graph
from micronas.model.tflite import read_bytes
from micronas.search.evaluation.evaluator import DeployedFigures
from micronas.search.evaluation.task import TrialTask
from micronas.search.front_end_budget import network_budget
from micronas.search.pool.members import device_of
from micronas.search.predicted_latency.modelled import modelled_by_ledger
from micronas.search.predicted_latency.prediction import (
    PREDICTION,
    PROFILE,
    predict_latency,
    profile_of,
    replaces_measurement,
)
from micronas.search.predicted_latency.source import latency_source
from micronas.store.deployment_figures import ConstantChannelBytes, DeploymentFigures
from micronas.trial import Latency, Source

PARITY_SAMPLES = 4

EMULATED_RUNS = 2
"""Timed runs of a trial in an emulator. Its counts repeat exactly, the first too; two runs verify that."""


def place(
    tflite: bytes, task: TrialTask, config: SearchConfig, board: Board, dataset: Dataset
) -> DeployedFigures:
    """Size by the ledger; latency and parity from the device, if there is one and no prediction is used."""
    graph, saved = deployed_graph(tflite, "candidate", config, dataset)
    removed = DeploymentFigures(constant_channels=saved).to_json()
    limits = network_budget(config, board, dataset)
    prefer = prefer_of_search(config.prefer)
    ledger = make_ledger(graph, board, config.runtime, within=limits, prefer=prefer)
    modelled = _modelled(graph, ledger, config, board)
    if config.device == "none":
        return DeployedFigures(ledger.flash_bytes, ledger.sram_bytes, modelled, removed)
    prior_ms = _prior_ms(graph, ledger, config, board)
    said = predict_latency(graph, ledger.lowered, task, prior_ms) if config.latency.model else None
    if said is not None and replaces_measurement(said, task, config.latency, config.constraints):
        details = {**removed, PREDICTION: said.to_json()}
        return DeployedFigures(ledger.flash_bytes, ledger.sram_bytes, said.latency, details)
    # TFLite Micro's sizes differ from those of the generated C that runs.
    deployable = ledger if config.runtime == "micronas" else make_ledger(graph, board, prefer=prefer)
    device = device_of(config, task.pool_board)
    samples = parity_samples(graph, dataset, PARITY_SAMPLES)
    with verified_deployment(
        graph,
        board,
        samples,
        device=device,
        runs=None if config.device == "serial" else EMULATED_RUNS,
        warm_up=WARM_UP_RUNS if config.device == "serial" else 0,
        ledger=deployable,
    ) as deployed:
        latency = deployed.measurement.latency
        details = {**removed, **deployment_to_json(deployed)}
    if modelled is not None:
        latency = replace(modelled, instructions=latency.instructions)
    if config.latency.model or config.estimator.name == "supernet":
        details[PROFILE] = profile_of(graph, deployed.ledger.lowered, deployed.measurement, prior_ms)
    if said is not None:
        details[PREDICTION] = said.to_json(latency)
    return DeployedFigures(ledger.flash_bytes, ledger.sram_bytes, latency, details)


def _modelled(graph: Graph, ledger: Ledger, config: SearchConfig, board: Board) -> Latency | None:
    """The latency by the timing model, if the run rewards that; the same figure as the gate's."""
    if latency_source(config, board) is not Source.MODELLED:
        return None
    return modelled_by_ledger(board_latency(board), graph, ledger)


def _prior_ms(graph: Graph, ledger: Ledger, config: SearchConfig, board: Board) -> float | None:
    """The modelled latency, from which the run's own regression starts; None without a regression or
    model.
    """
    if not config.latency.model or not is_modelled(board):
        return None
    return modelled_by_ledger(board_latency(board), graph, ledger).ms


def deployed_graph(
    tflite: bytes, name: str, config: SearchConfig, dataset: Dataset
) -> tuple[Graph, ConstantChannelBytes | None]:
    """The network without constant channels, and what that saves; None if there are none.

    Sizes of runtime ``tflm`` are those of the whole file, so there nothing is removed.
    """
    graph = read_bytes(tflite, name)
    if config.runtime != "micronas":
        return graph, None
    simpler = simplified(graph, parity_samples(graph, dataset, PARITY_SAMPLES))
    if simpler is graph:
        return graph, None
    return simpler, ConstantChannelBytes(constant_bytes(graph), constant_bytes(simpler))


def parity_samples(
    graph: Graph, dataset: Dataset, count: int
) -> list[np.ndarray[tuple[int, ...], np.dtype[np.int8]]]:
    """The first validation samples, as sent to the device."""
    return [quantized(dataset.validation.x[:count], input_quant(graph))]
