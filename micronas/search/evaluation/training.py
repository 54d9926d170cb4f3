"""The training that a task asks for: of a trial, of a finalist again, or the final one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from micronas.config import SearchConfig
from micronas.data import Dataset
from micronas.data.regroup import has_groups, regrouped
from micronas.estimate import ESTIMATORS
from micronas.estimate.candidate import Candidate, estimate_by
from micronas.estimate.full import Estimate, cached_dataset
from micronas.estimate.full import estimate as estimate_fully
from micronas.model.net import Net
from micronas.search.affordable import OtherwiseError, decides, with_decision
from micronas.search.cpu_clock import RunStopwatch
from micronas.search.evaluation.limits import after, limit_of, shortened_text, trial_share_s
from micronas.search.evaluation.task import TrialTask
from micronas.search.final.epochs import final_epochs
from micronas.search.inheritance import Inheritance
from micronas.space import Space
from micronas.train.cost import epoch_cpu_s, epochs_within
from micronas.train.inherit import inherited
from micronas.train.keras_file import weights_from_bytes
from micronas.train.settings import TrainSettings
from micronas.train.stop import stop_rule
from micronas.train.time_limit import Stopwatch, TimeLimit
from micronas.train.weights import Weights, initial_weights

if TYPE_CHECKING:
    from micronas.estimate.distillation import Teacher

Decide: TypeAlias = Callable[[float], None]
"""Called with the CPU seconds of the second epoch; see ``affordable.decides``."""


def trial_seed(seed: int, number: int, repeat: int = 0) -> int:
    """The seed of a trial's training, or of a repetition of it, independent of every other one."""
    entropy = [seed, number, repeat] if repeat else [seed, number]
    return int(np.random.SeedSequence(entropy).generate_state(1)[0]) % 2**31


def estimate_task(task: TrialTask, space: Space, config: SearchConfig) -> Estimate:
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
        instead = after(watch, task.undecided.instead)
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
        final_epochs(config, cached_dataset(config.data).task, alone=task.alone),
        class_weights=config.estimator.class_weights,
        loss=config.estimator.loss,
        training=config.training,
    )
    teacher, samples = _teacher(task, space, config), config.estimator.calibration_samples
    first, later = settings.strengths[:1], _scored_later(cached_dataset(config.data))

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
            later_samples=later,
            watch=None if task.run_clock is None else RunStopwatch(task.run_clock),
        )

    return best_strength(settings, limit_of(task), fit)


def _scored_later(dataset: Dataset) -> int:
    """Samples that the leading process scores with the winner; a node of a cluster has no test split."""
    return len(dataset.validation) + max(len(dataset.test), len(dataset.validation))


def _trial(
    task: TrialTask, net: Net, space: Space, config: SearchConfig, seed: int, decide: Decide | None
) -> Estimate:
    samples, settings = config.estimator.calibration_samples, TrainSettings.from_config(config.estimator)
    warm = None
    if task.inherits is not None and config.estimator.warm_epochs is not None:
        settings = settings.for_epochs(config.estimator.warm_epochs)
        warm = _start_of(task.inherits, net, space, seed)
    # CPU time for the trial's own deadline: the machine's load or a suspension must not change a result.
    limit = limit_of(task)
    limit = replace(limit, cpu_s=min(limit.cpu_s, config.estimator.trial_deadline_s))
    if config.estimator.name not in ESTIMATORS:
        candidate = Candidate(net, config.data, settings, seed, limit, samples, task.curves)
        return estimate_by(config.estimator.name, candidate)
    dataset, share_s = _split_for(task, cached_dataset(config.data)), trial_share_s(config.budget)
    epoch_s = task.epoch_factor * epoch_cpu_s(net, len(dataset.train))
    planned = epochs_within(epoch_s, settings.epochs, min(limit.wall_s, limit.cpu_s, share_s))
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
