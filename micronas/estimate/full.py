"""Full estimate of one candidate: train, quantize, score the int8 file. Runs in a worker process."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from time import process_time

from micronas.config import DataConfig
from micronas.data import Dataset, load
from micronas.errors import QuantizeError
from micronas.estimate.accuracy import collapse, int8_accuracy
from micronas.estimate.settings import TrainSettings
from micronas.net import Net


@dataclass(frozen=True)
class Estimate:
    """What a candidate is worth: its file, and accuracies (0..1) on the validation split.

    ``cpu_s`` is the worker's CPU time for all of it: training, quantization and scoring.
    """

    tflite: bytes
    accuracy_int8: float
    accuracy_float: float
    epochs: int
    cpu_s: float
    parameters: int
    macs: int


def estimate(
    net: Net,
    data: DataConfig,
    settings: TrainSettings,
    seed: int,
    deadline_s: float = math.inf,
    *,
    calibration_samples: int = 100,
) -> Estimate:
    """Train ``net`` and quantize it; a pure function of its arguments unless the deadline cuts it short.

    ``deadline_s`` bounds the training. Raises ``TrainError`` (NaN, out of time) and ``QuantizeError``
    (refused conversion, or an int8 network that collapsed).
    """
    from micronas.estimate.train import train
    from micronas.quantize import quantize

    start = process_time()
    dataset = cached_dataset(data)
    trained = train(net, dataset, settings, seed, deadline_s)
    tflite = quantize(
        trained.model,
        net,
        dataset.calibration(calibration_samples, seed),
        input_range=dataset.input_range,
    )
    scored = int8_accuracy(tflite, dataset.validation.x, dataset.validation.y)
    complaint = collapse(scored, trained.accuracy)
    if complaint:
        raise QuantizeError(complaint, remedy="check the calibration data; more samples may help")
    return Estimate(
        tflite=tflite,
        accuracy_int8=scored.accuracy,
        accuracy_float=trained.accuracy,
        epochs=trained.epochs,
        cpu_s=process_time() - start,
        parameters=net.parameters,
        macs=net.macs,
    )


def cached_dataset(config: DataConfig) -> Dataset:
    """The data set of ``config``, loaded once per process."""
    return _load(config.model_dump_json())


@cache
def _load(config: str) -> Dataset:
    return load(DataConfig.model_validate_json(config))
