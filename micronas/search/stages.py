"""The real stages of a trial. Built inside a worker: data and TensorFlow are loaded there, once."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from micronas.board import Board
from micronas.config import SearchBudget, SearchConfig
from micronas.data import Dataset
from micronas.data.regroup import has_groups, regrouped
from micronas.deploy.bench import constant_bytes, simplified
from micronas.deploy.deployment import verified_deployment
from micronas.deploy.measure import WARM_UP_RUNS
from micronas.deploy.to_json import deployment_to_json
from micronas.errors import plural
from micronas.estimate import ESTIMATORS
from micronas.estimate.accuracy import input_quant, quantized
from micronas.estimate.candidate import Candidate, estimate_by
from micronas.estimate.full import Estimate, cached_dataset
from micronas.estimate.full import estimate as estimate_fully
from micronas.host.stage_clock import StageClock, StageTime, now
from micronas.latency.core_model import is_modelled
from micronas.latency.op_model import board_latency
from micronas.memory.ledger import Ledger, make_ledger
from micronas.memory.plan.prefer import prefer_of_search
from micronas.model.graph import Graph
from micronas.model.net import Net
from micronas.model.tflite import read_bytes
from micronas.quantize.float_form import FloatForm, float_form
from micronas.search.affordable import OtherwiseError, decides, with_decision
from micronas.search.evaluate import DeployedFigures, Stages, TrialEvaluator
from micronas.search.front_end_budget import network_budget
from micronas.search.inheritance import Inheritance
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
from micronas.search.profile import WORKER_PLACES, ProfiledEvaluator
from micronas.search.task import Evaluate, TrialTask
from micronas.space import Space, make_space
from micronas.store.deployment_figures import ConstantChannelBytes, DeploymentFigures
from micronas.train.cost import planned_epochs
from micronas.train.inherit import inherited
from micronas.train.keras_file import weights_from_bytes
from micronas.train.process import has_gpu_share, leave_graphs_unfused, prepare_process
from micronas.train.settings import TrainSettings
from micronas.train.stop import stop_rule
from micronas.train.time_limit import Stopwatch, TimeLimit
from micronas.train.weights import Weights, initial_weights
from micronas.trial import Latency, Source

if TYPE_CHECKING:
    from micronas.estimate.distillation import Teacher

Decide: TypeAlias = Callable[[float], None]
"""Called with the CPU seconds of the second epoch; see ``affordable.decides``."""

PARITY_SAMPLES = 4

EMULATED_RUNS = 2
"""Timed runs of a trial in an emulator. Its counts repeat exactly, the first too; two runs verify that."""


def make_evaluator(
    config: SearchConfig,
    board: Board,
    others: Sequence[tuple[SearchConfig, Board]] = (),
    *,
    profile: bool = False,
) -> Evaluate:
    """The evaluator of a worker; see ``executor.EvaluateFactory``.

    ``others`` are further boards for which trials are evaluated, each with its own configuration. With
    ``profile``, every result says how long its stages took (``search.profile``).
    """
    if profile:
        clock = StageClock()
        evaluate = make_evaluator(config, board, others)
        clock.watch(WORKER_PLACES)
        return ProfiledEvaluator(evaluate, clock, now() - StageTime(0.0, clock.created.wall_s))
    prepare_process(gpu=config.executor == "ray" and config.gpus_per_trial > 0 and has_gpu_share())
    leave_graphs_unfused()
    dataset = cached_dataset(config.data)
    space = make_space(config.space, dataset.input_shape, dataset.n_outputs)
    return TrialEvaluator(
        config,
        Stages(
            estimate=lambda task: _estimate(task, space, config),
            place=functools.partial(place, config=config, board=board, dataset=dataset),
            others={
                other.name: functools.partial(place, config=own, board=other, dataset=dataset)
                for own, other in others
            },
            float_form=functools.partial(_float_form, space=space, dataset=dataset),
        ),
    )


def train_candidate(task: TrialTask, config: SearchConfig) -> Estimate:
    """Only the training and conversion of a trial, with the weights that a worker would get."""
    prepare_process()
    leave_graphs_unfused()
    dataset = cached_dataset(config.data)
    return _estimate(task, make_space(config.space, dataset.input_shape, dataset.n_outputs), config)


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


def trial_seed(seed: int, number: int, repeat: int = 0) -> int:
    """The seed of a trial's training, or of a repetition of it, independent of every other one."""
    entropy = [seed, number, repeat] if repeat else [seed, number]
    return int(np.random.SeedSequence(entropy).generate_state(1)[0]) % 2**31


def _estimate(task: TrialTask, space: Space, config: SearchConfig) -> Estimate:
    """The training that ``task`` asks for; of the first trial of a search, the one that its second epoch
    asks for.
    """
    if task.undecided is None:
        return _trained(task, space, config)
    watch, search = Stopwatch(), task.undecided.search
    try:
        found = _trained(task, space, config, decides(search, final=task.final))
        return replace(found, alone=task.final)
    except OtherwiseError:
        instead = _after(watch, task.undecided.instead)
        return replace(_trained(instead, space, config), alone=instead.final)


def _trained(task: TrialTask, space: Space, config: SearchConfig, decide: Decide | None = None) -> Estimate:
    net = space.net(space.from_json(task.arch))
    seed = trial_seed(config.seed, task.number, task.repeat)
    trained = _final_training if task.final else _trial
    return trained(task, net, space, config, seed, decide)


def _final_training(
    task: TrialTask, net: Net, space: Space, config: SearchConfig, seed: int, decide: Decide | None
) -> Estimate:
    from micronas.estimate.final_fit import FinalSettings, best_strength, final_fit  # imports TensorFlow

    settings = FinalSettings.from_config(
        config.final_fit,
        class_weights=config.estimator.class_weights,
        loss=config.estimator.loss,
        training=config.training,
    )
    teacher, samples = _teacher(task, space, config), config.estimator.calibration_samples
    first = settings.strengths[:1]

    def fit(one: FinalSettings, limit: TimeLimit) -> Estimate:
        return final_fit(
            net,
            config.data,
            one,
            seed,
            limit,
            calibration_samples=samples,
            teacher=teacher,
            decide=decide if not first or one.augment == first[0] else None,
        )

    return best_strength(settings, _limit_of(task), fit)


def _trial(
    task: TrialTask, net: Net, space: Space, config: SearchConfig, seed: int, decide: Decide | None
) -> Estimate:
    samples, settings = config.estimator.calibration_samples, TrainSettings.from_config(config.estimator)
    warm = None
    if task.inherits is not None and config.estimator.warm_epochs is not None:
        settings = settings.for_epochs(config.estimator.warm_epochs)
        warm = _start_of(task.inherits, net, space, seed)
    # CPU time for the trial's own deadline: the machine's load or a suspension must not change a result.
    limit = _limit_of(task)
    limit = replace(limit, cpu_s=min(limit.cpu_s, config.estimator.trial_deadline_s))
    if config.estimator.name not in ESTIMATORS:
        candidate = Candidate(net, config.data, settings, seed, limit, samples, task.curves)
        return estimate_by(config.estimator.name, candidate)
    dataset, share_s = _split_for(task, cached_dataset(config.data)), trial_share_s(config.budget)
    planned = planned_epochs(
        net, len(dataset.train), settings.epochs, min(limit.wall_s, limit.cpu_s, share_s)
    )
    stop = stop_rule(config.estimator.name, task.curves)
    if decide is not None:
        planned, stop = max(planned, min(2, settings.epochs)), with_decision(stop, decide)
    found = estimate_fully(
        net,
        config.data,
        settings.for_epochs(planned),
        seed,
        limit,
        calibration_samples=samples,
        stop=stop,
        dataset=dataset,
        start=warm,
    )
    return replace(found, shortened=shortened_text(planned, settings.epochs, limit, share_s))


def _after(watch: Stopwatch, task: TrialTask) -> TrialTask:
    """``task`` with what is left of its time."""
    wall_s = None if task.deadline_s is None else task.deadline_s - watch.wall_s
    return replace(task, deadline_s=wall_s, cpu_s=None if task.cpu_s is None else task.cpu_s - watch.cpu_s)


def _float_form(task: TrialTask, estimate: Estimate, space: Space, dataset: Dataset) -> FloatForm | None:
    """Of a finalist, here where TensorFlow is loaded; if that fails, the end of the search tries again."""
    try:
        net = space.net(space.from_json(task.arch))
        return float_form(net, estimate.weights, estimate.tflite, dataset.validation.x)
    except Exception:
        return None


def _teacher(task: TrialTask, space: Space, config: SearchConfig) -> Teacher | None:
    """The float network whose outputs a final training learns; built where TensorFlow is loaded."""
    given = task.teacher
    if given is None:
        return None
    from micronas.estimate.distillation import keras_teacher, require_classes, trial_teacher

    dataset = cached_dataset(config.data)
    require_classes(dataset)
    if given.path:
        return keras_teacher(Path(given.path), dataset)
    return trial_teacher(given.trial, space.net(space.from_json(given.arch)), given.weights)


def _start_of(inherits: Inheritance, net: Net, space: Space, seed: int) -> Weights:
    """The initial weights of ``net`` with those of the trial that it inherits from."""
    donor = space.net(space.from_json(inherits.arch))
    given = weights_from_bytes(inherits.weights, len(donor.nodes))
    return inherited(net, initial_weights(net, seed), donor, given)


def _split_for(task: TrialTask, dataset: Dataset) -> Dataset:
    """A further training of a finalist holds out other groups, if there are any: cross-validation."""
    return regrouped(dataset, task.repeat) if task.repeat and has_groups(dataset) else dataset


def _limit_of(task: TrialTask) -> TimeLimit:
    """The limits of a training."""
    none = math.inf
    return TimeLimit(
        none if task.deadline_s is None else task.deadline_s, none if task.cpu_s is None else task.cpu_s
    )


TRIAL_SHARE = 0.15
"""Of a budget in minutes: epochs are planned so that no trial takes more, or a search would be three
trainings. Networks then compete at equal cost, as they will in a final training that the budget limits.
"""


def trial_share_s(budget: SearchBudget) -> float:
    """Seconds that the epochs of a trial are planned to take at most."""
    minutes = [m for m in (budget.minutes, budget.cpu_minutes) if m is not None]
    return 60.0 * TRIAL_SHARE * min(minutes, default=math.inf)


def shortened_text(planned: int, epochs: int, limit: TimeLimit, share_s: float = math.inf) -> str:
    """What to say of a training that was given fewer epochs than configured; empty if it had all of them.

    ``share_s`` is the most that the epochs may take of the budget.
    """
    if planned >= epochs:
        return ""
    if share_s < min(limit.cpu_s, limit.wall_s):
        by = f"{TRIAL_SHARE:.0%} of the budget"
    else:
        by = "estimator.trial_deadline_s" if limit.cpu_s <= limit.wall_s else "budget.minutes"
    return f"planned for {planned} of {plural(epochs, 'epoch')} to fit into {by}"
