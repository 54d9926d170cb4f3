"""Full estimate of one candidate: train, quantize, score the int8 file. Runs in a worker process."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from time import process_time
from typing import TYPE_CHECKING

import numpy as np

from micronas.config import DataConfig
from micronas.data import Dataset, Task, load
from micronas.errors import QuantizeError
from micronas.estimate.accuracy import (
    by_metric,
    collapse,
    dropped,
    int8_accuracy,
    int8_figure,
    int8_quality,
    output_quant,
    quantized,
)
from micronas.estimate.errors_in_unit import mean_errors, predictions
from micronas.estimate.second_witness import witnessed
from micronas.model.net import Net, SoftmaxLayer
from micronas.model.tflite import read_bytes
from micronas.quantize.witness import Witness
from micronas.train.keras_file import weights_to_bytes
from micronas.train.settings import TrainSettings
from micronas.train.stop import Curve, StopRule, never
from micronas.train.time_limit import UNLIMITED, TimeLimit
from micronas.train.weights import Weights

if TYPE_CHECKING:
    from micronas.train.tf_model import TfModel


@dataclass(frozen=True)
class Estimate:
    """The estimate of a candidate: its file, and qualities as in ``trial.Scores``.

    ``cpu_s`` is the worker's CPU time for all of it: training, quantization and scoring. ``curve`` is the
    quality after each epoch; ``stopped`` is a stop rule's reason, if one ended the training. ``weights`` are
    the float ones, as ``train.keras_file`` packs them. ``cut`` says after how many epochs a clock ended the
    training, empty if none did; ``shortened`` that fewer epochs were planned than configured.
    ``witness`` is what a second interpreter computed of the file. ``training`` names what a final training
    did beyond the usual, in words. ``loss`` is the float network's on validation data, and
    ``epoch_cpu_s`` the CPU time of an epoch; None if not known. ``mae`` and ``rmse`` are those of a
    regression's int8 file on validation data, in the unit of the target. ``alone`` is set if the second epoch
    of a first trial decided, and it was the final training of the only network.
    """

    tflite: bytes
    quality_int8: float
    quality_float: float
    epochs: int
    cpu_s: float
    parameters: int
    macs: int
    curve: Curve = ()
    stopped: str = ""
    weights: bytes = b""
    cut: str = ""
    shortened: str = ""
    witness: Witness | None = None
    training: str = ""
    loss: float | None = None
    epoch_cpu_s: float | None = None
    mae: float | None = None
    rmse: float | None = None
    alone: bool = False


def estimate(
    net: Net,
    data: DataConfig,
    settings: TrainSettings,
    seed: int,
    limit: TimeLimit = UNLIMITED,
    *,
    calibration_samples: int = 100,
    stop: StopRule = never,
    dataset: Dataset | None = None,
    start: Weights | None = None,
) -> Estimate:
    """Train ``net`` and quantize it; a pure function of its arguments unless the time limit cuts it.

    ``dataset`` replaces that of ``data``, for another split of its samples. ``start`` replaces the initial
    weights.
    ``limit`` bounds the training. Raises ``TrainError`` (NaN, out of time) and ``QuantizeError``
    (refused conversion, or an int8 network that collapsed).
    """
    from micronas.train.train import train

    start_cpu = process_time()
    dataset = dataset or cached_dataset(data)
    trained = train(net, dataset, settings, seed, limit, stop, start=start)
    result = quantized_estimate(
        trained.model, net, dataset, seed, trained.epochs, trained.accuracy, calibration_samples, start_cpu
    )
    return replace(
        result,
        curve=trained.curve,
        stopped=trained.stopped,
        cut=trained.cut,
        loss=trained.loss,
        epoch_cpu_s=trained.epoch_cpu_s,
    )


def quantized_estimate(
    model: TfModel,
    net: Net,
    dataset: Dataset,
    seed: int,
    epochs: int,
    quality_float: float,
    calibration_samples: int,
    start_cpu: float,
) -> Estimate:
    """Quantize a trained ``model`` and score the file; raises ``QuantizeError`` also on a collapse."""
    from micronas.quantize import quantize

    calibration = dataset.calibration(calibration_samples, seed)
    tflite = quantize(model, net, calibration, input_range=dataset.input_range)
    mae, rmse = _mean_errors(tflite, dataset)
    return Estimate(
        tflite=tflite,
        quality_int8=_int8_quality(tflite, dataset, quality_float),
        quality_float=quality_float if dataset.metric is None else _float_figure(model, net, tflite, dataset),
        epochs=epochs,
        cpu_s=process_time() - start_cpu,
        parameters=net.parameters,
        macs=net.macs,
        weights=weights_to_bytes(model.get_weights()),
        witness=witnessed(tflite, dataset, dataset.validation, net.macs),
        mae=mae,
        rmse=rmse,
    )


def _mean_errors(tflite: bytes, dataset: Dataset) -> tuple[float, float] | tuple[None, None]:
    """On validation data, in the unit of the target; None if the data have classes."""
    split = dataset.validation
    if dataset.target is None or split.targets is None:
        return None, None
    return mean_errors(predictions(read_bytes(tflite, "candidate"), dataset.target, split.x), split.targets)


def _int8_quality(tflite: bytes, dataset: Dataset, of_float: float) -> float:
    """The figure of merit on validation data; ``QuantizeError`` if it is far below the float one."""
    x, y = dataset.validation.x, dataset.validation.y
    if dataset.task is Task.CLASSIFY:
        scored = int8_accuracy(tflite, x, y)
        of_int8, complaint = scored.accuracy, collapse(scored, of_float)
    else:
        of_int8 = int8_quality(tflite, dataset.task, x, dataset.learned(dataset.validation))
        complaint = dropped(dataset.task.figure, of_int8, of_float)
    if complaint:
        raise QuantizeError(complaint, remedy="raise estimator.calibration_samples")
    return of_int8 if dataset.metric is None else int8_figure(tflite, dataset, dataset.validation)


def _float_figure(model: TfModel, net: Net, tflite: bytes, dataset: Dataset) -> float:
    """The user's metric of the float network: its outputs, rounded to the int8 file's output scale."""
    from micronas.train.evaluate import SplitEvaluator

    outputs = SplitEvaluator(model, dataset.validation, dataset.task).logits()
    if isinstance(net.nodes[-1].layer, SoftmaxLayer):
        powers = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        outputs = powers / powers.sum(axis=1, keepdims=True)
    scale = output_quant(read_bytes(tflite, "candidate"))
    return by_metric(dataset, dataset.validation, quantized(outputs, scale))


def cached_dataset(config: DataConfig) -> Dataset:
    """The data set of ``config``, loaded once per process."""
    text = config.model_dump_json()
    return _kept[text] if text in _kept else _load(text)


_kept: dict[str, Dataset] = {}


def keep_dataset(config: DataConfig, dataset: Dataset) -> None:
    """Make ``dataset``, which was sent to this process, that of ``config``; its files may be elsewhere."""
    _kept[config.model_dump_json()] = dataset


@cache
def _load(config: str) -> Dataset:
    return load(DataConfig.model_validate_json(config))
