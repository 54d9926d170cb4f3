"""One differentiable search from a backbone to the probabilities of its choices."""

from __future__ import annotations

import math
from dataclasses import dataclass
from time import process_time

import numpy as np
import numpy.typing as npt

from micronas.config import DataConfig
from micronas.data import Dataset
from micronas.errors import TrainError
from micronas.estimate.full import cached_dataset
from micronas.strategy.dnas.backbone import ChoiceBackbone
from micronas.strategy.dnas.cost_tables import CostTables
from micronas.strategy.dnas.limits import CostConstraints
from micronas.strategy.dnas.schedule import make_schedule, step_count
from micronas.strategy.dnas.settings import DnasSettings
from micronas.train.bilevel_split import halves

STEPS_PER_CALL = 20
"""Steps between two checks of the loss."""


@dataclass(frozen=True, eq=False)
class Learned:
    """The result of a search. ``probabilities`` has one vector per decision of the backbone.

    ``weight_losses`` and ``choice_losses`` are means over ``STEPS_PER_CALL`` steps, without the penalty;
    a choice loss is 0 during warm-up. ``cpu_s`` is this process' CPU time.
    """

    probabilities: tuple[npt.NDArray[np.float32], ...]
    steps: int
    weight_losses: tuple[float, ...]
    choice_losses: tuple[float, ...]
    cpu_s: float


def search(
    backbone: ChoiceBackbone,
    tables: CostTables,
    aims: CostConstraints,
    dataset: Dataset,
    settings: DnasSettings,
    seed: int,
) -> Learned:
    """Learn the choices of ``backbone`` on the training split of ``dataset`` under ``aims``.

    A pure function of its arguments on one CPU thread. Raises ``TrainError`` if a loss is not finite.
    """
    from micronas.strategy.dnas.loop import DnasLoop
    from micronas.strategy.dnas.supernet import DnasSupernet
    from micronas.train.augment import augmentation_of

    start = process_time()
    weight_half, choice_half = halves(dataset.train, seed)
    loop = DnasLoop(
        DnasSupernet(backbone, seed),
        tables,
        aims,
        weight_half,
        choice_half,
        settings,
        augmentation_of(dataset, settings.augment),
        seed,
    )
    steps = step_count(tables, settings)
    schedule = make_schedule(len(weight_half), len(choice_half), steps, settings, seed)
    losses = []
    for first in range(0, steps, STEPS_PER_CALL):
        losses.append(loop.steps(schedule.piece(first, first + STEPS_PER_CALL)))
        if not math.isfinite(sum(losses[-1])):
            raise TrainError(f"the supernet's loss became {losses[-1]} before step {first + STEPS_PER_CALL}")
    of_weights, of_choices = zip(*losses, strict=True)
    return Learned(loop.probabilities(), steps, of_weights, of_choices, process_time() - start)


def search_named(
    backbone: ChoiceBackbone,
    tables: CostTables,
    aims: CostConstraints,
    data: DataConfig,
    settings: DnasSettings,
    seed: int,
) -> Learned:
    """``search`` for a data set by its configuration: all its arguments are picklable."""
    return search(backbone, tables, aims, cached_dataset(data), settings, seed)
