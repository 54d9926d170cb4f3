"""Quantization-aware training of a finalist: further epochs with the int8 rounding of its own file.

Before each epoch the network is converted with its current weights, so the rounding is that of the file which
would be delivered. The weights of the epoch with the best int8 network are kept, those before the first
epoch included: the int8 network never becomes worse on validation data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from micronas.data import Dataset
from micronas.errors import percent, plural
from micronas.estimate.accuracy import int8_figure
from micronas.model.net import Net
from micronas.model.tflite import read_bytes
from micronas.quantize import quantize
from micronas.train.augment import augmentation_of
from micronas.train.fake_quant_model import FakeQuantModel, unfolded
from micronas.train.loop import TrainLoop
from micronas.train.objectives import Objective
from micronas.train.tf_model import TfModel
from micronas.train.train import STEPS_PER_CALL, batches, refuse_nan
from micronas.train.weights import fold

RATE = 0.1
"""The peak learning rate, as a share of the float training's: the weights are near a minimum already."""


@dataclass(frozen=True)
class QuantizationAware:
    """``before`` and ``after``: int8 figures on validation data; ``kept_epoch`` is 0 if none was better."""

    before: float
    after: float
    epochs: int
    kept_epoch: int

    def __str__(self) -> str:
        trained = f"quantization-aware training for {plural(self.epochs, 'epoch')}"
        if not self.kept_epoch:
            return f"{trained} did not improve on int8 {percent(self.before)} on validation data; not used"
        return f"{trained}: int8 {percent(self.before)} to {percent(self.after)} on validation data"


def train_quantized(
    model: TfModel,
    net: Net,
    dataset: Dataset,
    objective: Objective,
    *,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    augment: float,
    calibration_samples: int,
    seed: int,
    in_time: Callable[[], bool] = lambda: True,
) -> QuantizationAware:
    """Train ``model`` further and leave the best weights in it; a pure function of the other arguments.

    ``in_time`` is asked before each epoch. Raises ``TrainError`` and ``QuantizeError``.
    """
    calibration = dataset.calibration(calibration_samples, seed)

    def converted(weights: Any) -> bytes:
        return quantize(weights, net, calibration, input_range=dataset.input_range)

    weights = model.get_weights()
    tflite = converted(weights)
    before = best = int8_figure(tflite, dataset, dataset.validation)
    fake = FakeQuantModel(net, fold(weights), read_bytes(tflite, "candidate"))
    loop = _loop(fake, dataset, objective, batch_size, augment, seed)
    rng = np.random.default_rng(seed)
    kept, done = 0, 0
    for epoch in range(1, epochs + 1):
        if not in_time():
            break
        order = batches(rng, len(dataset.train), batch_size)
        rate = RATE * learning_rate * 0.5 * (1 + np.cos(np.pi * (epoch - 1) / epochs))
        for start in range(0, len(order), STEPS_PER_CALL):
            piece = order[start : start + STEPS_PER_CALL]
            refuse_nan(loop.steps(piece, np.full(len(piece), rate, np.float32)), None)
        done = epoch
        current = unfolded(fake.folded(), net)
        tflite = converted(current)
        fake.follow(read_bytes(tflite, "candidate"))
        found = int8_figure(tflite, dataset, dataset.validation)
        if found > best:
            best, kept, weights = found, epoch, current
    model.set_weights(weights)
    return QuantizationAware(before, best, done, kept)


def _loop(
    fake: FakeQuantModel, dataset: Dataset, objective: Objective, batch_size: int, augment: float, seed: int
) -> TrainLoop:
    def loss(parameters: Any, ranges: Any, x: Any, y: Any, _number: Any) -> tuple[Any, Any]:
        return objective(x, y, fake.values(parameters, ranges, x)[-1]), ranges

    return TrainLoop(
        fake,
        dataset.train.x,
        dataset.learned(dataset.train),
        loss,
        batch_size=min(batch_size, len(dataset.train)),
        weight_decay=0.0,
        augment=augmentation_of(dataset, augment),
        seed=seed,
    )
