"""The full training of the winner within a given time, with at least the quality of a manual training.

Strong augmentation, a long one-cycle schedule and averaged weights; afterwards the batch statistics are
recomputed, the network is quantized and its int8 file scored.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from micronas.config import DataConfig, TrainingConfig
from micronas.data import Dataset
from micronas.errors import TrainError, percent, plural
from micronas.estimate.closing import ClosingPlan, TrainingTime, rehearsed, samples_to_score
from micronas.estimate.fit_progress import FitProgress
from micronas.estimate.full import Estimate, cached_dataset, quantized_estimate
from micronas.model.net import Net
from micronas.train.augment import Augment, augmentation_of
from micronas.train.evaluate import validator
from micronas.train.loop import TrainLoop, supervised
from micronas.train.mixup import mixed
from micronas.train.objectives import Objective
from micronas.train.regression import MSE
from micronas.train.settings import one_cycle
from micronas.train.snapshot import Snapshot
from micronas.train.statistics import reestimate_statistics
from micronas.train.tf_model import TfModel
from micronas.train.time_limit import UNLIMITED, Stopwatch, TimeLimit
from micronas.train.train import STEPS_PER_CALL, batches, dataset_objective, refuse_nan

if TYPE_CHECKING:
    from micronas.estimate.distillation import Teacher


@dataclass(frozen=True)
class FinalSettings:
    """As ``TrainSettings``; ``average_decay`` is the moving average's memory, per step.

    ``mixup`` is the parameter of its beta distribution (``train.mixup``), 0 for none. ``strengths`` are those
    of augmentation among which validation decides (``best_strength``); with none, ``augment`` is used.
    """

    epochs: int = 120
    batch_size: int = 32
    learning_rate: float = 0.02
    warmup_share: float = 0.1
    weight_decay: float = 0.01
    label_smoothing: float = 0.05
    augment: float = 1.0
    average_decay: float = 0.998
    class_weights: bool = False
    loss: str = MSE
    qat: bool = False
    mixup: float = 0.0
    strengths: tuple[float, ...] = ()

    @classmethod
    def from_config(
        cls,
        epochs: int,
        *,
        class_weights: bool = False,
        loss: str | None = None,
        training: TrainingConfig | None = None,
    ) -> FinalSettings:
        """The settings of a search configuration; the rest keeps its default."""
        options = training or TrainingConfig()
        return cls(
            epochs=epochs,
            class_weights=class_weights,
            loss=loss or MSE,
            qat=options.qat == "finalists",
            mixup=options.mixup,
            strengths=options.augment_strengths,
        )


def final_fit(
    net: Net,
    data: DataConfig,
    settings: FinalSettings,
    seed: int,
    limit: TimeLimit = UNLIMITED,
    *,
    calibration_samples: int = 200,
    teacher: Teacher | None = None,
    decide: Callable[[float], object] | None = None,
    later_samples: int = 0,
    watch: Stopwatch | None = None,
) -> Estimate:
    """Train ``net`` for ``settings.epochs``, or within ``limit`` if that is less.

    Without a limit, or with a longer one than the epochs need, the result is a pure function of the other
    arguments. If the time is short, fewer epochs are planned by the speed of the first one, and the result
    says so (``shortened``). They are planned again after each epoch. If the training still falls behind, the
    schedule follows the clock, so that the rate falls to (nearly) zero before the time is up, and the result
    is marked as ``cut``. The limit includes quantization and scoring, in CPU seconds also that of
    ``later_samples`` by another process (``closing``). ``watch`` counts the time, if it does not begin here
    or is not that of this process alone. A ``teacher``'s outputs are learned,
    too. With ``settings.qat``, a tenth of the epochs follow with int8 rounding in the loop, in the last fifth
    of the time. ``decide`` is called with the CPU seconds of the second epoch and may end the training by an
    exception. Raises ``TrainError`` and ``QuantizeError``.
    """
    cpu, watch = time.process_time(), watch or Stopwatch()
    dataset, in_all, model = cached_dataset(data), TrainingTime(limit, watch), TfModel(net, seed)
    closing = ClosingPlan(
        in_all,
        lambda: rehearsed(model, net, dataset, calibration_samples, seed),
        samples_to_score(dataset, net.macs, later_samples),
    )
    objective = dataset_objective(dataset, settings.label_smoothing, settings.class_weights, settings.loss)
    said = [f"mixup with alpha {settings.mixup:g}"] if settings.mixup else []
    if teacher is not None:
        objective = distilled_from(teacher, objective)
        said.append(f"distilled from {teacher.name}")
    for_fit = FIT_SHARE if settings.qat else 1.0
    after_epoch = closing if math.isfinite(limit.cpu_s) else lambda epoch_s: None
    progress = _fit(
        model, dataset, settings, seed, lambda: in_all.used() / for_fit, objective, decide, after_epoch
    )
    if settings.qat:
        in_time = TimeForEpochs(in_all.used)
        said.append(_quantized(model, dataset, settings, objective, calibration_samples, seed, in_time))
    epochs = int(progress.epochs)
    accuracy = validator(model, dataset, settings.loss).score().accuracy
    result = quantized_estimate(model, net, dataset, seed, epochs, accuracy, calibration_samples, cpu)
    result = replace(result, training="; ".join(said))
    limit = in_all.limit
    by_cpu = watch.cpu_s / limit.cpu_s > watch.wall_s / limit.wall_s
    budget, all_epochs = f"budget.{'cpu_' if by_cpu else ''}minutes", plural(settings.epochs, "epoch")
    if progress.epochs < progress.planned:
        return replace(result, cut=f"cut to {epochs} of {all_epochs} by the time budget ({budget})")
    if epochs < settings.epochs:
        return replace(result, shortened=f"planned for {epochs} of {all_epochs} to fit into {budget}")
    return result


def best_strength(
    settings: FinalSettings, limit: TimeLimit, fit: Callable[[FinalSettings, TimeLimit], Estimate]
) -> Estimate:
    """The best of a final training ``fit`` for each strength of augmentation, all with equal time.

    Validation data decide, by the int8 network; of equal ones, the strength that comes first. Each training
    is a whole one: in a short one, weak augmentation looks better than it is in the end.
    """
    strengths = settings.strengths or (settings.augment,)
    if len(strengths) == 1:
        return fit(replace(settings, augment=strengths[0], strengths=()), limit)
    each = limit.times(1 / len(strengths))
    found = {one: fit(replace(settings, augment=one, strengths=()), each) for one in strengths}
    best = max(found, key=lambda one: found[one].quality_int8)
    others = ", ".join(f"{one:g} had {percent(found[one].quality_int8)}" for one in strengths if one != best)
    said = f"augmentation of strength {best:g} by validation data ({others})"
    training = "; ".join(filter(None, (said, found[best].training)))
    return replace(found[best], training=training, cpu_s=sum(one.cpu_s for one in found.values()))


FIT_SHARE, QAT_SHARE = 0.8, 0.1
"""Of the time, for the float training if int8 rounding follows; of the epochs, with int8 rounding."""


def distilled_from(teacher: Teacher, objective: Objective) -> Objective:
    """``objective`` and the outputs of ``teacher``."""
    from micronas.estimate.distillation import distilled

    return distilled(objective, teacher)


def _quantized(
    model: TfModel,
    dataset: Dataset,
    settings: FinalSettings,
    objective: Objective,
    calibration_samples: int,
    seed: int,
    in_time: Callable[[], bool],
) -> str:
    from micronas.estimate.quantization_aware import train_quantized

    found = train_quantized(
        model,
        model.net,
        dataset,
        objective,
        epochs=max(1, round(QAT_SHARE * settings.epochs)),
        batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        augment=settings.augment,
        calibration_samples=calibration_samples,
        seed=seed,
        in_time=in_time,
    )
    return str(found)


class TimeForEpochs:
    """Whether another epoch, as long as the longest so far, fits; ``used`` is the share of the time, 0..1."""

    def __init__(self, used: Callable[[], float]) -> None:
        self._used, self._last, self._longest = used, used(), 0.0

    def __call__(self) -> bool:
        """Ask before each epoch."""
        now = self._used()
        self._longest, self._last = max(self._longest, now - self._last), now
        return now + self._longest <= 1.0


def _fit(
    model: TfModel,
    dataset: Dataset,
    settings: FinalSettings,
    seed: int,
    used: Callable[[], float],
    objective: Objective,
    decide: Callable[[float], object] | None = None,
    after_epoch: Callable[[float], object] = lambda epoch_s: None,
) -> FitProgress:
    """Train to the end of the schedule and keep the better of last and averaged weights.

    ``after_epoch`` is called with the CPU seconds of every whole epoch.
    """
    augment = augmentation_of(dataset, settings.augment)
    loop = TrainLoop(
        model,
        dataset.train.x,
        dataset.learned(dataset.train),
        mixed(model, objective, settings.mixup) if settings.mixup else supervised(model, objective),
        batch_size=min(settings.batch_size, len(dataset.train)),
        weight_decay=settings.weight_decay,
        augment=augment,
        seed=seed,
        average_decay=settings.average_decay,
    )
    rng = np.random.default_rng(seed)
    order = batches(rng, len(dataset.train), settings.batch_size)
    progress, epochs = FitProgress(settings.epochs, len(order), used), 0
    while progress.share < 1.0:
        begun_s = time.process_time()
        _epoch(loop, order, settings, progress)
        epoch_s, epochs = time.process_time() - begun_s, epochs + 1
        if decide is not None and epochs == 2:
            decide(epoch_s)
        if progress.epochs >= epochs:
            after_epoch(epoch_s)
        order = batches(rng, len(dataset.train), settings.batch_size)
    if progress.epochs < 1.0:
        raise TrainError(
            f"the final fit had time for only {progress.epochs:.0%} of the training data",
            remedy="raise budget.minutes, budget.cpu_minutes or final_fit.share",
        )
    _keep_better(model, loop, dataset, augment, settings.loss)
    return progress


def _epoch(
    loop: TrainLoop, order: npt.NDArray[np.int32], settings: FinalSettings, progress: FitProgress
) -> None:
    for start in range(0, len(order), STEPS_PER_CALL):
        share = progress.share
        if share >= 1.0:
            return
        piece = order[start : start + STEPS_PER_CALL]
        rate = settings.learning_rate * one_cycle(np.full(len(piece), share), settings.warmup_share)
        refuse_nan(loop.steps(piece, rate.astype(np.float32)), None)
        progress.advance(len(piece))


def _keep_better(
    model: TfModel, loop: TrainLoop, dataset: Dataset, augment: Augment | None, loss: str
) -> None:
    """The last weights, or the averaged ones with their own statistics.

    Compared by validation accuracy first, then by loss, because smoothed labels can give a better network a
    larger loss.
    """
    validation = validator(model, dataset, loss)
    last, last_score = Snapshot.of(model), validation.score()
    model.parameters.assign(loop.average)
    reestimate_statistics(model, dataset.train.x, augment)
    score = validation.score()
    if (score.accuracy, -score.loss) < (last_score.accuracy, -last_score.loss):
        last.restore(model)
