"""The real stages of a trial. Built inside a worker: data and TensorFlow are loaded there, once."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from micronas.board import Board
from micronas.config import SearchConfig
from micronas.data import Dataset
from micronas.estimate.full import Estimate, cached_dataset
from micronas.host.stage_clock import StageClock, StageTime, now
from micronas.quantize.float_form import FloatForm, float_form
from micronas.search.evaluation.evaluator import Stages, TrialEvaluator
from micronas.search.evaluation.placement import place
from micronas.search.evaluation.task import Evaluate, TrialTask
from micronas.search.evaluation.training import estimate_task
from micronas.search.profile import WORKER_PLACES, ProfiledEvaluator
from micronas.space import Space, make_space
from micronas.train.process import has_gpu_share, leave_graphs_unfused, prepare_process


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
            estimate=lambda task: estimate_task(task, space, config),
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
    return estimate_task(task, make_space(config.space, dataset.input_shape, dataset.n_outputs), config)


def _float_form(task: TrialTask, estimate: Estimate, space: Space, dataset: Dataset) -> FloatForm | None:
    """Of a finalist, here where TensorFlow is loaded; if that fails, the end of the search tries again."""
    try:
        net = space.net(space.from_json(task.arch))
        return float_form(net, estimate.weights, estimate.tflite, dataset.validation.x)
    except Exception:
        return None
